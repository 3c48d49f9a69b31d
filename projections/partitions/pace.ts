import { pause } from '../pause.ts';
import { restMs } from '../rest.ts';

/** Holds back what fills a generation beside the live one. */
export interface FillPace {
  /** Resolves true when a batch may be taken, false where that is not so within the time, or the wait was given up. */
  before(partition: number, wait: { withinMs: number; signal: AbortSignal }): Promise<boolean>;
  took(partition: number, batch: { events: number; ms: number }): void;
}

/** How fast a generation that is being built may be filled. Null: no bound of that kind. */
export interface FillLimits {
  /** By all processes together, each partition of which gets the same part of it. */
  readonly eventsPerSecond: number | null;
  /** Of the time of each process that fills it: more than 0, at most 1. */
  readonly share: number | null;
  /** The live views are behind: nothing is filled until they are not. */
  readonly yielding: boolean;
}

export const UNBOUNDED: FillLimits = { eventsPerSecond: null, share: null, yielding: false };
/** Limits may change while somebody waits for them. */
const LOOK_EVERY_MS = 100;
const SECOND_MS = 1_000;

/** What was taken is paid for before the next batch: the rate holds on average, whatever the size of batches. */
export function createFillPace(
  partitions: number,
  now: () => number = () => performance.now(),
): FillPace & { set(limits: FillLimits): void } {
  let limits = UNBOUNDED;
  let restedAt = Number.NEGATIVE_INFINITY;
  const paidAt = new Map<number, number>();

  function freeAt(partition: number): number {
    if (limits.yielding) return Number.POSITIVE_INFINITY;
    const byRate = limits.eventsPerSecond === null ? restedAt : (paidAt.get(partition) ?? restedAt);
    return limits.share === null ? byRate : Math.max(restedAt, byRate);
  }

  return {
    set(next) {
      limits = next;
    },
    async before(partition, { withinMs, signal }) {
      const until = now() + withinMs;
      for (;;) {
        const left = freeAt(partition) - now();
        if (left <= 0) return true;
        if (signal.aborted || now() >= until) return false;
        await pause(Math.min(left, LOOK_EVERY_MS), signal);
      }
    },
    took(partition, { events, ms }) {
      const { eventsPerSecond, share } = limits;
      if (eventsPerSecond !== null) {
        const ownPerMs = eventsPerSecond / partitions / SECOND_MS;
        paidAt.set(partition, Math.max(now(), paidAt.get(partition) ?? 0) + events / ownPerMs);
      }
      if (share !== null) restedAt = Math.max(now(), restedAt) + restMs({ share }, { events, ms });
    },
  };
}
