/** What the relay stands on. */
export type Ground = 'log' | 'backplane' | 'checkpoint';

export type RelayReport =
  | { kind: 'active'; term: number; position: number }
  /** Another relay has taken over. */
  | { kind: 'stale'; term: number }
  /** Told once; it is tried again until it goes. */
  | { kind: 'fault'; ground: Ground; error: string }
  | { kind: 'recovered'; ground: Ground; afterMs: number };

export interface Fault {
  readonly ground: Ground;
  readonly error: string;
  readonly sinceMs: number;
}

/** Faults that are there now, told of when they begin and when they end. */
export interface Faults {
  failed(ground: Ground, error: unknown): void;
  worked(ground: Ground): void;
  now(): readonly Fault[];
}

export function createFaults(report: (report: RelayReport) => void): Faults {
  const standing = new Map<Ground, { error: string; since: number }>();
  return {
    failed(ground, error) {
      const known = standing.get(ground);
      standing.set(ground, { error: String(error), since: known?.since ?? performance.now() });
      if (!known) report({ kind: 'fault', ground, error: String(error) });
    },
    worked(ground) {
      const known = standing.get(ground);
      if (!known) return;
      standing.delete(ground);
      report({ kind: 'recovered', ground, afterMs: Math.round(performance.now() - known.since) });
    },
    now: () =>
      [...standing].map(([ground, { error, since }]) => ({ ground, error, sinceMs: performance.now() - since })),
  };
}
