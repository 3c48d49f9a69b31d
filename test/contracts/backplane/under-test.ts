import { afterEach, beforeEach, vi } from 'vitest';
import type { GroupMember, Link, Placed, TopicGroup, TopicTail, TopicWriter } from '../../../events/backplane.ts';

export const PARTITIONS = 4;
/** How long anything may take: consumers of real brokers find each other in seconds. */
export const WITHIN = { timeout: 20_000, interval: 10 };

export interface TopicUnderTest {
  writer(): TopicWriter;
  /** A new member of the group. */
  group(name: string): TopicGroup;
  tail(): TopicTail;
  close(): Promise<void>;
}
export type MakeTopic = () => Promise<TopicUnderTest>;

/** The topic of the test that runs, and what closes with it. */
export interface Scene {
  writer(): TopicWriter;
  /** Runs until the test ends, or until it is closed. */
  member(group: string, handlers?: Partial<GroupMember>): RunningMember;
  tail(): RunningTail;
  /** As they come, closed with the test. */
  rawGroup(name: string): TopicGroup;
  rawTail(): TopicTail;
}

/** What came, by partition. */
export interface Seen {
  readonly links: Map<number, Link[]>;
  of(partition: number): Link[];
  positions(partition: number): number[];
  all(): Link[];
}
export interface RunningMember extends Seen {
  readonly lost: number[];
  readonly run: Promise<void>;
  close(): Promise<void>;
}
export interface RunningTail extends Seen {
  readonly run: Promise<void>;
  follow(partitions: readonly number[]): Promise<void>;
  close(): Promise<void>;
}

export function topicPerTest(makeTopic: MakeTopic): () => Scene {
  let made: TopicUnderTest;
  let open: { close(): Promise<void> }[] = [];
  beforeEach(async () => {
    made = await makeTopic();
  });
  afterEach(async () => {
    await Promise.all(open.map((one) => one.close()));
    open = [];
    await made.close();
  });
  const keep = <T extends { close(): Promise<void> }>(one: T): T => {
    open.push(one);
    return one;
  };
  const scene: Scene = {
    writer: () => keep(made.writer()),
    rawGroup: (name) => keep(made.group(name)),
    rawTail: () => keep(made.tail()),
    member(name, handlers = {}) {
      const group = scene.rawGroup(name);
      const seen = createSeen();
      const lost: number[] = [];
      const run = group.run({
        async take(partition, links) {
          await handlers.take?.(partition, links);
          seen.add(partition, links);
        },
        lost(partitions) {
          lost.push(...partitions);
          handlers.lost?.(partitions);
        },
      });
      return { ...seen, lost, run, close: () => group.close() };
    },
    tail() {
      const tail = scene.rawTail();
      const seen = createSeen();
      const run = tail.run(seen.add);
      return { ...seen, run, follow: (partitions) => tail.follow(partitions), close: () => tail.close() };
    },
  };
  return () => scene;
}

function createSeen(): Seen & { add(partition: number, links: readonly Link[]): void } {
  const links = new Map<number, Link[]>();
  const of = (partition: number): Link[] => links.get(partition) ?? [];
  return {
    links,
    add(partition, taken) {
      links.set(partition, [...of(partition), ...taken]);
    },
    of,
    positions: (partition) => of(partition).map(({ position }) => position),
    all: () => [...links.values()].flat(),
  };
}

/** So many links for a partition, each with an event, at positions from `first` on. */
export function chain(partition: number, first: number, count: number, textBytes = 20): Placed[] {
  return Array.from({ length: count }, (_, i) => ({ partition, link: eventLink(first + i, textBytes) }));
}

export const watermark = (partition: number, after: number, position = after): Placed => ({
  partition,
  link: { source: 0, after, position, event: null },
});

function eventLink(position: number, textBytes: number): Link {
  return {
    source: 0,
    after: position - 1,
    position,
    event: {
      eventId: `00000000-0000-4000-8000-${String(position).padStart(12, '0')}`,
      type: 'MessageSent',
      stream: 'chat-01JD0000000000000000000000',
      revision: position - 1,
      position,
      recordedAt: 1_732_000_000_000 + position,
      data: JSON.stringify({ text: 'x'.repeat(textBytes) }),
      metadata: JSON.stringify({
        v: 1,
        actor: '01JD0000000000000000000001',
        at: 1_732_000_000_000 + position,
        commandId: '01JD0000000000000000000002',
        correlationId: '01JD0000000000000000000003',
      }),
    },
  };
}

export const range = (first: number, count: number): number[] => Array.from({ length: count }, (_, i) => first + i);

/** Waits until it is so. */
export const until = (assertion: () => void): Promise<void> => vi.waitFor(assertion, WITHIN);
