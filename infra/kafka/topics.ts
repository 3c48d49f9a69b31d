import type { KafkaConnection } from './connection.ts';
import { KafkaError } from './errors.ts';

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
  const names = topicNames(wanted.prefix);
  const shapes: Shape[] = [
    { topic: names.events, partitions: wanted.partitions, retentionMs: EVENTS_RETENTION_MS },
    { topic: names.deliveries, partitions: wanted.slots, retentionMs: DELIVERIES_RETENTION_MS },
    { topic: names.signals, partitions: wanted.slots, retentionMs: SIGNALS_RETENTION_MS },
  ];
  const there = await connection.ask('topics cannot be listed', (admin) => admin.listTopics());
  const missing = shapes.filter(({ topic }) => !there.includes(topic));
  if (missing.length > 0 && wanted.create === false) {
    throw new KafkaError('topic-mismatch', `there is no topic ${missing.map(({ topic }) => topic).join(', ')}`);
  }
  if (missing.length > 0) await create(connection, missing);
  await assertShapes(connection, shapes);
  return names;
}

interface Shape {
  readonly topic: string;
  readonly partitions: number;
  readonly retentionMs: number;
}

async function create(connection: KafkaConnection, shapes: readonly Shape[]): Promise<void> {
  await connection.ask('topics cannot be created', (admin) =>
    admin.createTopics({
      waitForLeaders: true,
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
}

async function assertShapes(connection: KafkaConnection, shapes: readonly Shape[]): Promise<void> {
  const { topics } = await connection.ask('topics cannot be described', (admin) =>
    admin.fetchTopicMetadata({ topics: shapes.map(({ topic }) => topic) }),
  );
  for (const { topic, partitions } of shapes) {
    const found = topics.find(({ name }) => name === topic)?.partitions.length ?? 0;
    if (found !== partitions) {
      throw new KafkaError(
        'topic-mismatch',
        `${topic} has ${found} partitions, not ${partitions}: the number is fixed once the topic is there, as the order of every chat hangs on it`,
      );
    }
  }
}
