import type { Batch, LogPosition } from '../events/event-store.ts';

/** Events for whoever is connected here: each chat's in order of seq, chats among each other in any order. */
export interface LiveBatch extends Batch {
  /** Something was missed that cannot be told any more: every synced socket has to ask again. */
  readonly missed?: true;
}

/**
 * What the hub is fed with. Embedded it is the log; in a cluster it is the deliveries to the slots of this gateway,
 * whose positions are watermarks: everything at or before them that is for a user of these slots has been told.
 */
export interface LiveFeed {
  readonly epoch: string;
  /** Where to begin; `subscribe` tells of everything after it. */
  head(): Promise<LogPosition>;
  subscribe(options: { after: LogPosition; signal: AbortSignal }): AsyncIterable<LiveBatch>;
}
