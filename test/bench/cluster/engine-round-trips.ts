import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { NO_STREAM } from '../../../events/event-store.ts';
import { createTopics } from '../../../infra/kafka/topics.ts';
import { percentile } from '../pairs.ts';
import type { LiveSocket } from './live-socket.ts';
import type { BenchCluster } from './world.ts';

/** What a message's way takes at least: each engine's own round trip, by hand, one at a time at the product's rate. */
export interface RoundTrips {
  /** Append, until a subscriber has the event. */
  readonly eventStore: number[];
  /** Send and all in-sync replicas, until a consumer has the record. */
  readonly kafka: number[];
  /** A frame to the gateway and its answer. */
  readonly socket: number[];
}

export interface Engines {
  /** Adds so many seconds of round trips to what was measured before. */
  measure(into: RoundTrips, seconds: number): Promise<void>;
  close(): Promise<void>;
}

const DATA = JSON.stringify({ text: 'x'.repeat(300) });

export async function openEngines(cluster: BenchCluster, socket: LiveSocket, perSecond: number): Promise<Engines> {
  const eventStore = await openEventStore(cluster);
  const kafka = await openKafka(cluster);
  return {
    async measure(into, seconds) {
      for (const until = performance.now() + seconds * 1_000; performance.now() < until; ) {
        const began = performance.now();
        into.eventStore.push(await timed(eventStore.roundTrip));
        into.kafka.push(await timed(kafka.roundTrip));
        into.socket.push(await timed(() => socket.request('ping')));
        await pause(Math.max(0, began + 1_000 / perSecond - performance.now()));
      }
    },
    async close() {
      await eventStore.close();
      await kafka.close();
    },
  };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** Their sum along the way: the log, Kafka twice, half a socket's round trip at each end. */
export function floorOf({ eventStore, kafka, socket }: RoundTrips, p: number): number {
  return percentile(eventStore, p) + 2 * percentile(kafka, p) + percentile(socket, p);
}

interface Engine {
  roundTrip(): Promise<void>;
  close(): Promise<void>;
}

/** Streams that are no chat's: the relay carries them, and nobody wants them. */
async function openEventStore({ store }: BenchCluster): Promise<Engine> {
  const ended = new AbortController();
  const seen = new Map<string, () => void>();
  const follow = async (): Promise<void> => {
    for await (const { events } of store.subscribe({ after: await store.head(), signal: ended.signal })) {
      for (const { eventId } of events) seen.get(eventId)?.();
    }
  };
  const following = follow();
  const stream = `bench-${randomUUID()}`;
  let revision = NO_STREAM;
  return {
    async roundTrip() {
      const eventId = randomUUID();
      const arrived = new Promise<void>((resolve) => seen.set(eventId, resolve));
      const result = await store.append(stream, revision, [{ eventId, type: 'Bench', data: DATA, metadata: '{}' }]);
      if (result.status !== 'appended') throw new Error('somebody else appends to the stream of a bench');
      revision = result.revision;
      await arrived;
      seen.delete(eventId);
    },
    async close() {
      ended.abort();
      await following;
    },
  };
}

async function openKafka({ kafka: connection, topics }: BenchCluster): Promise<Engine> {
  const topic = `${topics.events}.by-hand`;
  await createTopics(connection, [{ topic, partitions: 1, retentionMs: 3_600_000 }]);
  const producer = connection.kafka.producer({ allowAutoTopicCreation: false, createPartitioner: () => () => 0 });
  const consumer = connection.kafka.consumer({ groupId: topic, maxWaitTimeInMs: 100 });
  const seen = new Map<string, () => void>();
  let joined: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => (joined = resolve));
  consumer.on(consumer.events.GROUP_JOIN, () => joined());
  await producer.connect();
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    async eachBatch({ batch }) {
      for (const { key } of batch.messages) seen.get(String(key))?.();
    },
  });
  await ready;
  return {
    async roundTrip() {
      const key = randomUUID();
      const arrived = new Promise<void>((resolve) => seen.set(key, resolve));
      await producer.sendBatch({ acks: -1, topicMessages: [{ topic, messages: [{ key, value: DATA }] }] });
      await arrived;
      seen.delete(key);
    },
    async close() {
      await consumer.disconnect();
      await producer.disconnect();
      await connection.ask('topic', (admin) => admin.deleteTopics({ topics: [topic] }));
    },
  };
}
