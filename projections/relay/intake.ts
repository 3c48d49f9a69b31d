import { type EventLog, isTemporary, type LogPosition, type RecordedEvent } from '../../events/event-store.ts';
import { unitsOf } from '../../events/pages.ts';
import { type Faults } from './faults.ts';
import { createBackOff } from './wait.ts';

/** What is read ahead while a write is in flight. */
export const AHEAD_EVENTS_MAX = 2_000;
const AHEAD_UNITS_MAX = 8_000_000;
/** What is written at once. */
const PORTION_EVENTS_MAX = 1_000;

/** What was read of the log: all events up to `position`. */
export interface Portion {
  readonly events: readonly RecordedEvent[];
  readonly position: LogPosition;
  /** Nothing more was there when it was read. */
  readonly live: boolean;
}

/** Follows the log, across its faults, a bounded way ahead of whoever takes. */
export interface Intake {
  /** All that waits, up to a limit; null where nothing came in time. Throws what cannot pass. */
  next(withinMs: number): Promise<Portion | null>;
  close(): Promise<void>;
}

export interface IntakeOptions {
  log: Pick<EventLog, 'subscribe' | 'head'>;
  after: LogPosition;
  faults: Faults;
}

export function createIntake({ log, after, faults }: IntakeOptions): Intake {
  const ended = new AbortController();
  const ahead = createAhead(after);
  const backOff = createBackOff();

  async function read(): Promise<void> {
    for (let again = false; !ended.signal.aborted; again = true) {
      try {
        // A log that works again may have nothing to tell for hours.
        if (again) await log.head();
        if (again) faults.worked('log');
        for await (const batch of log.subscribe({ after: ahead.readTo(), signal: ended.signal })) {
          faults.worked('log');
          backOff.reset();
          ahead.add(batch);
          await ahead.room(ended.signal);
        }
        if (!ended.signal.aborted) faults.failed('log', 'the subscription ended');
      } catch (error) {
        if (!isTemporary(error)) throw error;
        faults.failed('log', error);
      }
      await backOff.wait(ended.signal);
    }
  }

  const reading = read().catch(ahead.fail);
  return {
    next: ahead.next,
    async close() {
      ended.abort();
      ahead.stop();
      await reading;
    },
  };
}

function createAhead(after: LogPosition) {
  let events: RecordedEvent[] = [];
  let units = 0;
  let readTo = after;
  let takenTo = after;
  let live = false;
  let failure: { error: unknown } | null = null;
  let onNews: () => void = () => undefined;
  let onRoom: () => void = () => undefined;

  function portion(): Portion | null {
    if (failure) throw failure.error;
    if (readTo === takenTo) return null;
    const taken = events.slice(0, PORTION_EVENTS_MAX);
    events = events.slice(taken.length);
    units = unitsOf(events);
    takenTo = events.length > 0 ? (taken.at(-1)?.position ?? takenTo) : readTo;
    onRoom();
    return { events: taken, position: takenTo, live: live && events.length === 0 };
  }

  return {
    readTo: () => readTo,
    add(batch: Portion): void {
      // A subscription that begins again may repeat what is here already.
      const fresh = batch.events.filter(({ position }) => position > readTo);
      events = events.concat(fresh);
      units += unitsOf(fresh);
      readTo = Math.max(readTo, batch.position);
      live = batch.live;
      onNews();
    },
    fail(error: unknown): void {
      failure = { error };
      onNews();
    },
    stop: () => onRoom(),
    async room(signal: AbortSignal): Promise<void> {
      while (!signal.aborted && (events.length >= AHEAD_EVENTS_MAX || units >= AHEAD_UNITS_MAX)) {
        await new Promise<void>((resolve) => {
          onRoom = resolve;
        });
      }
    },
    async next(withinMs: number): Promise<Portion | null> {
      const there = portion();
      if (there) return there;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, withinMs);
        onNews = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      return portion();
    },
  };
}
