import type { Snapshots } from '../../commands/ports.ts';
import {
  type AppendResult,
  type EventStore,
  type NewEvent,
  NO_STREAM,
  type RecordedEvent,
  START,
  StoreError,
  type StreamPage,
} from '../../events/event-store.ts';
import { assertAppend } from '../system/assert-append.ts';
import { type Clock, systemClock } from '../system/clock.ts';
import { randomEpoch } from '../system/ids.ts';
import { createFeed } from './feed.ts';

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
  const clock = options.clock ?? systemClock;
  const all: RecordedEvent[] = [];
  const streams = new Map<string, RecordedEvent[]>();
  const snapshots = new Map<string, { revision: number; state: string }>();
  const faults = createFaults();
  let closed = false;

  function assertOpen(): void {
    if (closed) throw new StoreError('closed', 'the event store is closed');
  }

  const page = (after: number, until: number, limit: number) => all.slice(after, Math.min(until, after + limit));
  const feed = createFeed({ read: page, head: () => all.length });

  function write(stream: string, expected: number, events: readonly NewEvent[]): AppendResult {
    const standing = streams.get(stream) ?? [];
    const actual = standing.length - 1;
    if (actual !== expected) return repeatOf(standing, expected, events) ?? { status: 'conflict', actual };
    const recordedAt = clock();
    const first = all.length + 1;
    const recorded = events.map(({ eventId, type, data, metadata }, i) => ({
      eventId: eventId.toLowerCase(),
      type,
      data,
      metadata,
      stream,
      revision: actual + 1 + i,
      position: first + i,
      recordedAt,
    }));
    for (const event of recorded) {
      standing.push(event);
      all.push(event);
    }
    streams.set(stream, standing);
    feed.committed(first, all.length, recorded);
    return { status: 'appended', revision: actual + events.length, position: all.length, recordedAt };
  }

  return {
    epoch: options.epoch ?? randomEpoch(),
    faults: faults.controls,
    async append(stream, expected, events) {
      assertAppend(expected, events);
      assertOpen();
      return faults.around(() => {
        assertOpen();
        return write(stream, expected, events);
      });
    },
    async readStream(stream, asked) {
      assertOpen();
      return streamPage(streams.get(stream) ?? [], asked);
    },
    async readAll({ after, until = Number.MAX_SAFE_INTEGER, limit }) {
      assertOpen();
      return page(after, until, limit);
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
    load: async (stream) => snapshots.get(stream) ?? null,
    async save(stream, revision, state) {
      if (revision >= (snapshots.get(stream)?.revision ?? NO_STREAM)) snapshots.set(stream, { revision, state });
    },
    async close() {
      closed = true;
      faults.controls.resume();
      feed.end();
    },
  };
}

function repeatOf(standing: RecordedEvent[], expected: number, events: readonly NewEvent[]): AppendResult | null {
  const there = standing.slice(expected + 1, expected + 1 + events.length);
  const same =
    there.length === events.length && there.every((event, i) => event.eventId === events[i]?.eventId.toLowerCase());
  const last = there.at(-1);
  if (!same || !last) return null;
  return { status: 'appended', revision: last.revision, position: last.position, recordedAt: last.recordedAt };
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
