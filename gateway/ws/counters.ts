/** What the gateway did since it started, as plain numbers that `/metrics` shows. */
export interface GatewayCounters {
  connections: number;
  connectionsTotal: number;
  framesIn: number;
  framesOut: number;
  bytesOut: number;
  /** Live events times their receivers. */
  pushes: number;
  eventsFed: number;
  /** Events that their schema refuses: kept in the log, not pushed. */
  eventsMalformed: number;
  resyncs: Record<'slow' | 'far-behind' | 'new' | 'epoch' | 'repaired', number>;
  /** Gaps in what a socket was sent that were read again from the views. */
  heals: number;
  /** By close code. */
  closes: Record<string, number>;
  /** Upgrades refused, by HTTP status. */
  refusals: Record<string, number>;
  /** Answers with an error, by its code. */
  errors: Record<string, number>;
  replaysRunning: number;
  feedFailures: number;
  /** Told of each pushed event how long ago it was appended, in milliseconds. */
  onPush(latencyMs: number): void;
  /** What waits in memory for slow sockets, now. */
  outboxBytes(): number;
}

export function createCounters(outboxBytes: () => number): GatewayCounters {
  return {
    connections: 0,
    connectionsTotal: 0,
    framesIn: 0,
    framesOut: 0,
    bytesOut: 0,
    pushes: 0,
    eventsFed: 0,
    eventsMalformed: 0,
    resyncs: { slow: 0, 'far-behind': 0, new: 0, epoch: 0, repaired: 0 },
    heals: 0,
    closes: {},
    refusals: {},
    errors: {},
    replaysRunning: 0,
    feedFailures: 0,
    onPush: () => undefined,
    outboxBytes,
  };
}

export function count(tally: Record<string, number>, key: string | number): void {
  tally[key] = (tally[key] ?? 0) + 1;
}
