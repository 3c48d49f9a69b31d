import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Link, Placed, TopicGroup, TopicTail, TopicWriter } from '../../../events/backplane.ts';
import { createMemoryGroup, type MemoryGroup } from './backplane-group.ts';
import { createPartitionLogs, type PartitionLogs } from './backplane-log.ts';
import { createMemoryTail } from './backplane-tail.ts';

/** What goes wrong on demand. Order is never lost: no backplane may do that. */
export interface TopicFaults {
  /** The next write fails, and all that wait behind it: with nothing there, with half of it, or with everything. */
  failNext(when: 'before' | 'halfway' | 'after'): void;
  /** The links of the next write are there twice, as after a retry: all of them, then all of them again. */
  duplicateNext(): void;
  /** The first so many links of the next write are acknowledged and never there. */
  dropNext(links: number): void;
  /** Writes wait until `resume`. */
  pause(): void;
  resume(): void;
  /** Every partition of the group goes to the member after its own, as when that one was thought dead. It is told, and what it has in flight goes on. */
  rebalance(group: string): void;
  /** What was kept long enough: of each partition only so many links are left. */
  expire(keep: number): void;
}

export interface MemoryTopic {
  readonly partitions: number;
  readonly faults: TopicFaults;
  writer(): TopicWriter;
  /** A new member of the group of that name. */
  group(name: string): TopicGroup;
  tail(): TopicTail;
  /** What is kept of a partition, oldest first. */
  links(partition: number): readonly Link[];
}

/** What a write throws that may succeed when it is made again. */
export class TopicUnavailable extends Error {
  readonly code = 'unavailable';
  readonly temporary = true;
  constructor(message: string) {
    super(message);
    this.name = 'TopicUnavailable';
  }
}

/** A topic that lasts as long as its process: for tests, and the model that others are compared with. */
export function createMemoryTopic({ partitions }: { partitions: number }): MemoryTopic {
  const logs = createPartitionLogs(partitions);
  const groups = new Map<string, MemoryGroup>();
  const groupOf = (name: string): MemoryGroup => {
    const group = groups.get(name) ?? createMemoryGroup(logs);
    groups.set(name, group);
    return group;
  };
  const { faults, write } = createFaultyWrites(logs);
  return {
    partitions,
    faults: { ...faults, rebalance: (name) => groupOf(name).rebalance(), expire: (keep) => logs.expire(keep) },
    writer: () => createWriter(partitions, write),
    group: (name) => groupOf(name).member(),
    tail: () => createMemoryTail(logs),
    links: (partition) => logs.read(partition, logs.first(partition), Number.MAX_SAFE_INTEGER).links,
  };
}

interface Call {
  readonly links: readonly Placed[];
  resolve(): void;
  reject(error: Error): void;
}

/** One request in flight; calls that wait go together with the next, and fail together with the one that fails. */
function createWriter(partitions: number, write: (links: readonly Placed[]) => Promise<void>): TopicWriter {
  let waiting: Call[] = [];
  let flushing: Promise<void> | null = null;
  let closed = false;

  async function flush(): Promise<void> {
    while (waiting.length > 0) {
      await nextTurn();
      const calls = waiting;
      waiting = [];
      try {
        await write(calls.flatMap(({ links }) => links));
        for (const call of calls) call.resolve();
      } catch (error) {
        const failed = [...calls, ...waiting];
        waiting = [];
        for (const call of failed) call.reject(error as Error);
      }
    }
    flushing = null;
  }

  return {
    partitions,
    async write(links) {
      if (closed) throw Object.assign(new Error('the writer is closed'), { code: 'closed', temporary: false });
      const stray = links.find(({ partition }) => !(partition >= 0 && partition < partitions));
      if (stray) throw new Error(`there is no partition ${stray.partition}, only ${partitions}`);
      await new Promise<void>((resolve, reject) => {
        waiting.push({ links, resolve, reject });
        flushing ??= flush();
      });
    },
    async close() {
      closed = true;
      await flushing;
    },
  };
}

function createFaultyWrites(logs: PartitionLogs) {
  let failing: 'before' | 'halfway' | 'after' | null = null;
  let duplicating = false;
  let dropping = 0;
  let paused: Promise<void> | null = null;
  let release: () => void = () => undefined;
  const faults: Omit<TopicFaults, 'rebalance' | 'expire'> = {
    failNext(when) {
      failing = when;
    },
    duplicateNext() {
      duplicating = true;
    },
    dropNext(links) {
      dropping = links;
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

  async function write(links: readonly Placed[]): Promise<void> {
    while (paused) await paused;
    const fault = failing;
    failing = null;
    if (fault === 'before') throw new TopicUnavailable('failed on demand, before the write');
    logs.append(fault === 'halfway' ? links.slice(0, links.length >> 1) : links.slice(dropping));
    dropping = 0;
    if (fault) throw new TopicUnavailable(`failed on demand, ${fault} the write`);
    if (duplicating) logs.append(links);
    duplicating = false;
  }

  return { faults, write };
}
