import type { Snapshots } from '../../../commands/ports.ts';
import {
  type AppendResult,
  type EventStore,
  type NewEvent,
  NO_STREAM,
  type RecordedEvent,
  START,
  StoreError,
  type StreamPage,
} from '../../../events/event-store.ts';
import { assertAppend } from '../../../infra/system/assert-append.ts';
import { type Clock, systemClock } from '../../../infra/system/clock.ts';
import { createFeed } from '../../../infra/system/feed.ts';
import { randomEpoch } from '../../../infra/system/ids.ts';

/** What goes wrong on demand, so that callers can be tested against it. */
export interface Faults {
  /** The next append throws `unknown`: without having happened, or after it did. */
  failNext(when: 'before' | 'after'): void;
  /** Appends wait until `resume`. */
  pause(): void;
  resume(): void;
}

export interface MemoryEventStore extends EventStore, Snapshots {
  readonly faults: Faults;
}

/** A log that lasts as long as its process: for tests, and the model the others are compared with. */
export function createMemoryEventStore(options: { clock?: Clock; epoch?: string } = {}): MemoryEventStore {
  const { all, streams, write } = createLog(options.clock ?? systemClock);
  const faults = createFaults();
  let closed = false;

  function assertOpen(): void {
    if (closed) throw new StoreError('closed', 'the event store is closed');
  }

  const page = (after: number, until: number, limit: number) => all.slice(after, Math.min(until, after + limit));
  const feed = createFeed({ read: page, head: () => all.length });

  return {
    epoch: options.epoch ?? randomEpoch(),
    faults: faults.controls,
    ...createSnapshots(),
    async append(stream, expected, events) {
      assertAppend(expected, events);
      assertOpen();
      return faults.around(() => {
        const { result, recorded } = write(stream, expected, events);
        if (recorded.length > 0) feed.committed(all.length - recorded.length + 1, all.length, recorded);
        return result;
      });
    },
    async readStream(stream, asked) {
      assertOpen();
      return streamPage(streams.get(stream) ?? [], asked);
    },
    async readAll({ after, until = Number.MAX_SAFE_INTEGER, direction, limit }) {
      assertOpen();
      if (direction !== 'backwards') return page(after, until, limit);
      return all.slice(Math.max(after, Math.min(until, all.length) - limit), until).toReversed();
    },
    async head() {
      assertOpen();
      return all.length;
    },
    async positionBefore(time) {
      assertOpen();
      const first = all.findIndex((event) => event.recordedAt >= time);
      return first < 0 ? all.length : first;
    },
    subscribe: feed.subscribe,
    async close() {
      closed = true;
      faults.controls.resume();
      feed.end();
    },
  };
}

function createLog(clock: Clock) {
  const all: RecordedEvent[] = [];
  const streams = new Map<string, RecordedEvent[]>();

  function write(stream: string, expected: number, events: readonly NewEvent[]) {
    const standing = streams.get(stream) ?? [];
    const actual = standing.length - 1;
    if (actual !== expected) {
      const result: AppendResult = repeatOf(standing, expected, events) ?? { status: 'conflict', actual };
      return { result, recorded: [] };
    }
    const recordedAt = clock();
    const recorded = events.map(({ eventId, type, data, metadata }, i) => ({
      eventId: eventId.toLowerCase(),
      type,
      data,
      metadata,
      stream,
      revision: standing.length + i,
      position: all.length + 1 + i,
      recordedAt,
    }));
    for (const event of recorded) {
      standing.push(event);
      all.push(event);
    }
    streams.set(stream, standing);
    const result: AppendResult = {
      status: 'appended',
      revision: standing.length - 1,
      position: all.length,
    };
    return { result, recorded };
  }

  return { all, streams, write };
}

function createSnapshots(): Snapshots {
  const kept = new Map<string, { revision: number; state: string }>();
  return {
    load: async (stream) => kept.get(stream) ?? null,
    async save(stream, revision, state) {
      if (revision >= (kept.get(stream)?.revision ?? NO_STREAM)) kept.set(stream, { revision, state });
    },
  };
}

function repeatOf(standing: RecordedEvent[], expected: number, events: readonly NewEvent[]): AppendResult | null {
  const there = standing.slice(expected + 1, expected + 1 + events.length);
  const same =
    there.length === events.length && there.every((event, i) => event.eventId === events[i]?.eventId.toLowerCase());
  const last = there.at(-1);
  if (!same || !last) return null;
  return { status: 'appended', revision: last.revision, position: last.position };
}

function streamPage(standing: RecordedEvent[], { from, direction = 'forwards', limit }: StreamPage): RecordedEvent[] {
  if (direction === 'forwards') return standing.slice(from ?? START, (from ?? START) + limit);
  const end = Math.min(from ?? standing.length - 1, standing.length - 1) + 1;
  return standing.slice(Math.max(0, end - limit), end).toReversed();
}

function createFaults() {
  let next: 'before' | 'after' | null = null;
  let paused: Promise<void> | null = null;
  let release: () => void = () => undefined;
  const controls: Faults = {
    failNext(when) {
      next = when;
    },
    pause() {
      paused ??= new Promise((resolve) => {
        release = resolve;
      });
    },
    resume() {
      paused = null;
      release();
    },
  };
  return {
    controls,
    async around<T>(work: () => T): Promise<T> {
      if (paused) await paused;
      const fault = next;
      next = null;
      if (fault === 'before') throw new StoreError('unknown', 'failed on demand, before the append');
      const result = work();
      if (fault === 'after') throw new StoreError('unknown', 'failed on demand, after the append');
      return result;
    },
  };
}
