import { setTimeout as pause } from 'node:timers/promises';
import type { Admin } from 'kafkajs';
import type { KafkaConnection } from './connection.ts';
import { KafkaError, rootOf } from './errors.ts';

export interface TopicNames {
  /** The log, by chat. */
  readonly events: string;
  /** Events by recipient slot. */
  readonly deliveries: string;
  /** Typing, presence: by recipient slot, and soon forgotten. */
  readonly signals: string;
}

export const DEFAULT_PREFIX = 'hindsight';
export const topicNames = (prefix: string = DEFAULT_PREFIX): TopicNames => ({
  events: `${prefix}.events`,
  deliveries: `${prefix}.deliveries`,
  signals: `${prefix}.signals`,
});

const LOOK_AGAIN_MS = 25;
const HOUR_MS = 3_600_000;
/** As long as catching up from here beats reading the log again. */
export const EVENTS_RETENTION_MS = 72 * HOUR_MS;
/** Only ends are read. */
export const DELIVERIES_RETENTION_MS = HOUR_MS;
export const SIGNALS_RETENTION_MS = 60_000;
/** A partition's share of a request is one batch for the broker. `REQUEST_BYTES_MAX` of the writer stays below. */
export const BATCH_BYTES_MAX = 1_048_588;

export interface TopicsWanted {
  prefix?: string;
  /** Of the events; fixed for ever: it says where a chat's order is kept. */
  partitions: number;
  /** Of deliveries and signals; fixed likewise. */
  slots: number;
  /** Whether missing topics are made. Otherwise they are a mismatch. Default: true. */
  create?: boolean;
}

/**
 * Makes the topics that are missing, with the brokers' own replication, and checks those that are there. Any number of
 * processes may do so at once. Throws `KafkaError`: `topic-mismatch` where a partition count is not the one wanted.
 */
export async function ensureTopics(connection: KafkaConnection, wanted: TopicsWanted): Promise<TopicNames> {
  const shapes = shapesOf(wanted);
  const missing = await missingOf(connection, shapes);
  if (missing.length > 0 && wanted.create === false) {
    throw new KafkaError('topic-mismatch', `there is no topic ${missing.map(({ topic }) => topic).join(', ')}`);
  }
  if (missing.length > 0) await createTopics(connection, missing);
  await assertShapes(connection, shapes);
  return topicNames(wanted.prefix);
}

/** The topics that are not there yet; checks the others as `ensureTopics` does, and makes none. */
export async function missingTopics(connection: KafkaConnection, wanted: TopicsWanted): Promise<string[]> {
  const shapes = shapesOf(wanted);
  const missing = await missingOf(connection, shapes);
  await assertShapes(
    connection,
    shapes.filter((shape) => !missing.includes(shape)),
  );
  return missing.map(({ topic }) => topic);
}

function shapesOf({ prefix, partitions, slots }: TopicsWanted): Shape[] {
  const { events, deliveries, signals } = topicNames(prefix);
  return [
    { topic: events, partitions, retentionMs: EVENTS_RETENTION_MS },
    { topic: deliveries, partitions: slots, retentionMs: DELIVERIES_RETENTION_MS },
    { topic: signals, partitions: slots, retentionMs: SIGNALS_RETENTION_MS },
  ];
}

async function missingOf(connection: KafkaConnection, shapes: readonly Shape[]): Promise<Shape[]> {
  const there = await connection.ask('topics cannot be listed', (admin) => admin.listTopics());
  return shapes.filter(({ topic }) => !there.includes(topic));
}

export interface Shape {
  readonly topic: string;
  readonly partitions: number;
  readonly retentionMs: number;
}

/** Nothing happens to those that another process has made meanwhile. */
export async function createTopics(connection: KafkaConnection, shapes: readonly Shape[]): Promise<void> {
  await connection.ask('topics cannot be created', (admin) =>
    admin.createTopics({
      waitForLeaders: false, // kafkajs gives up where a broker has not heard of the topic yet
      topics: shapes.map(({ topic, partitions, retentionMs }) => ({
        topic,
        numPartitions: partitions,
        replicationFactor: -1, // the brokers' default, as their min.insync.replicas is
        configEntries: [
          { name: 'cleanup.policy', value: 'delete' },
          { name: 'retention.ms', value: String(retentionMs) },
          { name: 'segment.ms', value: String(Math.max(60_000, Math.floor(retentionMs / 6))) },
          { name: 'max.message.bytes', value: String(BATCH_BYTES_MAX) },
        ],
      })),
    }),
  );
  await connection.ask('topics have no leaders', (admin) => untilLed(admin, shapes));
}

/** Brokers hear of a new topic one after another, and leaders of their leadership last: those are asked themselves. */
async function untilLed(admin: Admin, shapes: readonly Shape[]): Promise<void> {
  for (const { topic } of shapes) {
    while ((await unlessNotYet(() => admin.fetchTopicOffsets(topic))) === null) await pause(LOOK_AGAIN_MS);
  }
}

async function assertShapes(connection: KafkaConnection, shapes: readonly Shape[]): Promise<void> {
  if (shapes.length === 0) return; // asked for none, brokers tell of all
  const names = shapes.map(({ topic }) => topic);
  const there = await connection.ask('topics cannot be described', (admin) => partitionsOf(admin, names));
  for (const { topic, partitions } of shapes) {
    const found = there.find(({ name }) => name === topic)?.partitions ?? 0;
    if (found !== partitions) {
      throw new KafkaError(
        'topic-mismatch',
        `${topic} has ${found} partitions, not ${partitions}: the number is fixed once the topic is there, as the order of every chat hangs on it`,
      );
    }
  }
}

/** Of topics that are there, though the broker that is asked may not have heard of them yet. */
async function partitionsOf(admin: Admin, names: string[]): Promise<{ name: string; partitions: number }[]> {
  for (;;) {
    const metadata = await unlessNotYet(() => admin.fetchTopicMetadata({ topics: names }));
    if (metadata) return metadata.topics.map(({ name, partitions }) => ({ name, partitions: partitions.length }));
    await pause(LOOK_AGAIN_MS);
  }
}

const NOT_YET = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE', 'NOT_LEADER_FOR_PARTITION']);

/** Null where the brokers do not know enough of a topic. */
async function unlessNotYet<T>(question: () => Promise<T>): Promise<T | null> {
  try {
    return await question();
  } catch (error) {
    if (NOT_YET.has(rootOf(error).type ?? '')) return null;
    throw error;
  }
}
