import { type AppendResult, type NewEvent, type RecordedEvent, StoreError } from '../../../events/event-store.ts';
import type { Clock } from '../../system/clock.ts';
import { type Append, recordedEvents, takeGroup, toMessage, toResult } from './append-group.ts';
import { APPENDED, type AppendGroup, type GroupResult } from './wire.ts';

export interface AppendLane {
  append(stream: string, expected: number, events: readonly NewEvent[]): Promise<AppendResult>;
  appended(result: GroupResult): void;
  refused(appends: number, error: StoreError): void;
  /** What was posted may be on the disk, the rest certainly is not. */
  abandon(error: StoreError): void;
  /** Posts all that waits. */
  drain(): void;
  inFlight(): number;
}

export interface AppendLaneOptions {
  post: (group: AppendGroup) => void;
  clock: Clock;
  /** New events from position `first` to `position`, complete and in order. */
  onCommitted: (first: number, position: number, collect: () => RecordedEvent[]) => void;
}

/** Messages to the thread that are not answered: one is being committed, the others are ready when it is done. */
const GROUPS_IN_FLIGHT_MAX = 4;
/** Appends waiting beyond this are refused: the disk does not keep up, and memory is not a queue. */
const APPENDS_WAITING_MAX = 50_000;

/** Appends on their way to the writer: what comes in one turn of the event loop goes as one message. */
export function createAppendLane({ post, clock, onCommitted }: AppendLaneOptions): AppendLane {
  /** Not yet posted, and posted: answers come in the order of posting. */
  let waiting: Append[] = [];
  let posted: Append[] = [];
  /** For each message in flight how many of its appends are not answered. */
  const groups: number[] = [];
  let flushing = false;

  function flush(inFlightMax: number): void {
    flushing = false;
    while (waiting.length > 0 && groups.length < inFlightMax) {
      const { group, rest } = takeGroup(waiting);
      waiting = rest;
      posted = posted.concat(group);
      groups.push(group.length);
      post(toMessage(group, clock()));
    }
  }

  function answered(count: number): Append[] {
    const done = posted.slice(0, count);
    posted = posted.slice(count);
    let rest = count;
    while (rest > 0 && groups.length > 0) {
      const size = groups[0] ?? 0;
      if (size <= rest) groups.shift();
      else groups[0] = size - rest;
      rest -= Math.min(size, rest);
    }
    flush(GROUPS_IN_FLIGHT_MAX);
    return done;
  }

  return {
    append(stream, expected, events) {
      if (waiting.length >= APPENDS_WAITING_MAX) return Promise.reject(new StoreError('busy', 'too many appends wait'));
      return new Promise((resolve, reject) => {
        waiting.push({ stream, expected, events, resolve, reject });
        if (flushing) return;
        flushing = true;
        setImmediate(flush, GROUPS_IN_FLIGHT_MAX);
      });
    },
    appended(result) {
      const done = answered(result.status.length);
      for (const [i, append] of done.entries()) append.resolve(toResult(result, i));
      const [first, last] = span(done, result);
      if (first > 0) onCommitted(first, last, () => recordedEvents(done, result));
    },
    refused(appends, error) {
      for (const append of answered(appends)) append.reject(error);
    },
    abandon(error) {
      for (const append of posted) append.reject(new StoreError('unknown', error.message));
      for (const append of waiting) append.reject(new StoreError('unavailable', error.message, { temporary: false }));
      posted = [];
      waiting = [];
    },
    drain: () => flush(Number.POSITIVE_INFINITY),
    inFlight: () => posted.length,
  };
}

/** The first and last position that are new in a commit; zeros where all of it stood there before. */
function span(done: Append[], { status, positions }: GroupResult): [first: number, last: number] {
  const first = status.indexOf(APPENDED);
  if (first < 0) return [0, 0];
  const last = positions[status.lastIndexOf(APPENDED)] ?? 0;
  return [(positions[first] ?? 0) - (done[first]?.events.length ?? 0) + 1, last];
}
