import { expect, vi } from 'vitest';
import type { TopicGroup, TopicWriter } from '../../../events/backplane.ts';
import { NO_STREAM, type RecordedEvent } from '../../../events/event-store.ts';
import type { Checkpoints } from '../../../projections/partitions/ports.ts';
import type { RelayReport } from '../../../projections/relay/faults.ts';
import { createRelay, type Relay, type RelayOptions } from '../../../projections/relay/relay.ts';
import { createMemoryTopic, type MemoryTopic } from '../../support/memory/backplane.ts';
import { memoryCheckpoints } from '../../support/memory/checkpoints.ts';
import { createMemoryEventStore, type MemoryEventStore } from '../../support/memory/event-store.ts';
import { createReader, expectedOf, type Reader } from './reader.ts';

export const PARTITIONS = 4;
export const IDLE_MS = 150;

export interface RunningRelay extends Relay {
  readonly reports: RelayReport[];
  readonly running: Promise<void>;
}

export interface World {
  readonly log: MemoryEventStore;
  readonly topic: MemoryTopic;
  readonly checkpoints: Checkpoints;
  readonly reader: Reader;
  relay(options?: Partial<RelayOptions>): RunningRelay;
  /** Appends so many events, to chats, receipts and users in turn. */
  append(count: number, textBytes?: number): Promise<void>;
  /** Every partition has been told everything that the log has, once and in order. */
  untilTold(reader?: Reader): Promise<void>;
  close(): Promise<void>;
}

export function openWorld(): World {
  const log = createMemoryEventStore();
  const topic = createMemoryTopic({ partitions: PARTITIONS });
  const checkpoints = memoryCheckpoints();
  const reader = createReader(log, PARTITIONS);
  const group: TopicGroup = topic.group('readers');
  const reading = group.run(reader);
  const relays: RunningRelay[] = [];
  const revisions = new Map<string, number>();
  let appended = 0;

  async function appendOne(textBytes: number): Promise<void> {
    const n = appended++;
    const stream = STREAMS[n % STREAMS.length] ?? '';
    const revision = revisions.get(stream) ?? NO_STREAM;
    revisions.set(stream, revision + 1);
    const eventId = `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
    await log.append(stream, revision, [
      { eventId, type: 'Happened', data: JSON.stringify({ n, text: 'x'.repeat(textBytes) }), metadata: '{"v":1}' },
    ]);
  }

  return {
    log,
    topic,
    checkpoints,
    reader,
    relay(options = {}) {
      const reports: RelayReport[] = [];
      const relay = createRelay({
        log,
        checkpoints,
        writer: topic.writer(),
        owner: `relay ${relays.length}`,
        clock: Date.now,
        report: (report) => reports.push(report),
        idleMs: IDLE_MS,
        standbyLookMs: 10,
        ...options,
      });
      const running = relay.run();
      running.catch(() => undefined); // looked at by whoever wants to
      const one = { ...relay, reports, running };
      relays.push(one);
      return one;
    },
    async append(count, textBytes = 10) {
      for (let i = 0; i < count; i++) await appendOne(textBytes);
    },
    async untilTold(told = reader) {
      const expected = await expectedOf(log, PARTITIONS);
      const head = await log.head();
      await until(() => {
        for (let partition = 0; partition < PARTITIONS; partition++) expect(told.held(partition)).toBe(head);
      });
      for (const [partition, events] of expected.entries()) {
        expect(idsOf(told.events(partition))).toEqual(idsOf(events));
      }
    },
    async close() {
      topic.faults.resume();
      await Promise.all(relays.map((relay) => relay.close()));
      await group.close();
      await reading;
      await log.close();
    },
  };
}

const STREAMS = [
  ...Array.from({ length: 9 }, (_, n) => `chat-${n}`),
  'receipts-3.u',
  'receipts-dm.a.b.u',
  'user-1',
  'user-2',
  'config-limits',
  'username-mara',
];
const idsOf = (events: readonly RecordedEvent[]): string[] => events.map(({ eventId }) => eventId);

export const until = (assertion: () => void | Promise<void>): Promise<void> =>
  vi.waitFor(assertion, { timeout: 30_000, interval: 2 });

/** A writer whose requests wait while it is stopped, as those of a process that is. What was sent before is written. */
export function stoppable(writer: TopicWriter): TopicWriter & { stop(): void; go(): void; readonly writes: number } {
  let stopped: Promise<void> | null = null;
  let release: () => void = () => undefined;
  let writes = 0;
  return {
    partitions: writer.partitions,
    get writes() {
      return writes;
    },
    async write(links) {
      if (stopped) await stopped;
      writes++;
      await writer.write(links);
    },
    close: () => writer.close(),
    stop() {
      stopped = new Promise((resolve) => {
        release = resolve;
      });
    },
    go() {
      stopped = null;
      release();
    },
  };
}

export const temporary = (message: string): Error =>
  Object.assign(new Error(message), { code: 'unavailable', temporary: true });
