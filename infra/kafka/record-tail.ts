import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { KafkaMessage } from 'kafkajs';
import type { KafkaConnection } from './connection.ts';
import { type RunningConsumer, runConsumer } from './consumer.ts';
import { KafkaError } from './errors.ts';

const ASK_AGAIN_MS = 200;

export interface RecordTailOptions {
  topic: string;
  /** Begins the name of its consumer group, which is its own alone and goes with it. */
  groupPrefix: string;
}

/** Reads the ends of chosen partitions: what `TopicTail` promises, for records of any kind. */
export interface RecordTail {
  follow(partitions: readonly number[]): Promise<void>;
  run(take: (partition: number, messages: readonly KafkaMessage[]) => void): Promise<void>;
  close(): Promise<void>;
}

interface Tail {
  readonly connection: KafkaConnection;
  readonly topic: string;
  /** The next offset of each partition that is followed. */
  readonly next: Map<number, string>;
  /** All of the topic, once it is known: the group has no other member. */
  assigned: readonly number[];
  consumer: RunningConsumer | null;
  groupId: string | null;
  closed: boolean;
}

/**
 * kafkajs cannot assign partitions. Here one consumer, alone in its group, is given all of them, and fetches only those
 * that are followed: the others are paused. So the set changes without a rebalance, and what stays is not disturbed.
 */
export function createRecordTail(connection: KafkaConnection, options: RecordTailOptions): RecordTail {
  const tail: Tail = {
    connection,
    topic: options.topic,
    next: new Map(),
    assigned: [],
    consumer: null,
    groupId: null,
    closed: false,
  };
  let changing: Promise<void> = Promise.resolve();

  return {
    follow(partitions) {
      const changed = changing.then(() => replace(tail, partitions));
      changing = changed.catch(() => undefined); // its caller hears of it
      return changed;
    },
    async run(take) {
      if (tail.closed) return;
      tail.consumer = runConsumer(connection, {
        topic: options.topic,
        groupId() {
          // A new group each time: in the old one a consumer that broke off is waited for.
          void forget(connection, tail.groupId);
          tail.groupId = `${options.groupPrefix}.${randomUUID()}`;
          return tail.groupId;
        },
        onJoin(partitions) {
          tail.assigned = partitions;
          place(tail);
        },
        onRecords(partition, messages) {
          const last = messages.at(-1);
          if (!last || !tail.next.has(partition)) return;
          tail.next.set(partition, String(BigInt(last.offset) + 1n));
          take(partition, messages);
        },
      });
      await tail.consumer.ended;
    },
    async close() {
      tail.closed = true;
      const last = tail.consumer;
      tail.consumer = null;
      if (!last) return;
      await last.close();
      await forget(connection, tail.groupId);
    },
  };
}

async function replace(tail: Tail, partitions: readonly number[]): Promise<void> {
  const fresh = partitions.filter((partition) => !tail.next.has(partition));
  const ends = fresh.length > 0 ? await endsOf(tail) : new Map<number, string>();
  const gone = [...tail.next.keys()].filter((partition) => !partitions.includes(partition));
  for (const partition of gone) tail.next.delete(partition);
  for (const partition of fresh) {
    const end = ends.get(partition);
    if (end === undefined) throw new Error(`${tail.topic} has no partition ${partition}`);
    tail.next.set(partition, end);
    tail.consumer?.seek(partition, end);
  }
  tail.consumer?.pause(gone);
  tail.consumer?.resume(fresh);
}

/** After joining, before anything is fetched: everything where it is to go on. */
function place({ consumer, assigned, next }: Tail): void {
  for (const [partition, offset] of next) consumer?.seek(partition, offset);
  consumer?.resume([...next.keys()]);
  consumer?.pause(assigned.filter((partition) => !next.has(partition)));
}

/** Where the next record of each partition will be. Asks until it is answered, or refused for good. */
async function endsOf(tail: Tail): Promise<Map<number, string>> {
  const { connection, topic } = tail;
  for (;;) {
    try {
      const offsets = await connection.ask(`${topic} does not say where it ends`, (admin) =>
        admin.fetchTopicOffsets(topic),
      );
      return new Map(offsets.map(({ partition, high }) => [partition, high]));
    } catch (error) {
      if (tail.closed || !(error instanceof KafkaError && error.temporary)) throw error;
      connection.logger.warn({ topic, error: error.message }, 'kafka: not following yet');
      await pause(ASK_AGAIN_MS);
    }
  }
}

/** The group has committed nothing, so the broker forgets it by itself where this fails. */
async function forget(connection: KafkaConnection, groupId: string | null): Promise<void> {
  if (groupId === null) return;
  try {
    await connection.ask(`${groupId} is not deleted`, (admin) => admin.deleteGroups([groupId]));
  } catch (error) {
    connection.logger.debug({ groupId, error: String(error) }, 'kafka: the group is left to the broker');
  }
}
