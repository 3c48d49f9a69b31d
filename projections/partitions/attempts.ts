import type { EventLog, LogPosition, RecordedEvent } from '../../events/event-store.ts';
import { type Attempt, goOn, newAttempt, type Taken } from '../parking/attempt.ts';
import type { LeftOut } from '../parking/left-out.ts';
import type { Parked } from '../parking/ports.ts';
import type { ParkedKeys } from './parked-keys.ts';

/** While something is parked, operators are listened to so often. */
const LISTEN_EVERY_MS = 250;
/** A call gives so much time to what waits, and at least a page: all others of the partition wait for it. */
const SLICE_MS = 50;

/** What operators have asked to be tried again, a slice in each call. */
export interface Attempts {
  /** `at`: where the checkpoint is. Resolves with the milliseconds after which to come again; null where nothing is parked. */
  turn(at: LogPosition): Promise<number | null>;
}

export interface AttemptsOn {
  readonly log: EventLog;
  readonly parked: ParkedKeys;
  readonly leftOut: LeftOut;
  /** All or none of them, the checkpoint staying where it is. */
  take(events: readonly RecordedEvent[], at: LogPosition): Promise<Taken>;
}

export function createAttempts({ log, parked, leftOut, take }: AttemptsOn): Attempts {
  let current: Attempt | null = null;
  let listenedAt = Number.NEGATIVE_INFINITY;

  async function next(): Promise<Attempt | null> {
    if (performance.now() - listenedAt < LISTEN_EVERY_MS) return null;
    listenedAt = performance.now();
    const [first] = await parked.asked();
    if (!first) return null;
    await leftOut.load(log);
    return newAttempt(first);
  }

  async function finish(stands: Parked, outcome: 'more' | 'released' | 'parked', at: LogPosition): Promise<void> {
    if (outcome === 'more') return;
    current = null;
    listenedAt = Number.NEGATIVE_INFINITY; // there may be another one
    if (outcome === 'released') await parked.release(stands, at);
  }

  return {
    async turn(at) {
      if (parked.size === 0) return null;
      const endAt = performance.now() + SLICE_MS;
      do {
        current ??= await next();
        if (!current) return LISTEN_EVERY_MS;
        const outcome = await goOn(current, {
          log,
          through: at,
          take: (events) => take(events, at),
          again: (again) => parked.again(again, at),
        });
        await finish(current.parked, outcome, at);
      } while (performance.now() < endAt);
      return parked.size === 0 ? null : current ? 0 : LISTEN_EVERY_MS;
    },
  };
}
