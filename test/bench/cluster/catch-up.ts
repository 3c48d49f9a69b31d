import { ids } from '../../../bin/write-side.ts';
import { type RecordedEvent, START } from '../../../events/event-store.ts';
import { partitionKeyOf, partitionOf } from '../../../events/partition.ts';
import { createHistoryRows } from '../../../infra/cassandra/chat-history/rows.ts';
import { connectCassandra } from '../../../infra/cassandra/connect.ts';
import { migrate as migrateCassandra } from '../../../infra/cassandra/migrations/migrate.ts';
import { createKafkaGroup } from '../../../infra/kafka/group.ts';
import { toMessage } from '../../../infra/kafka/record.ts';
import { createTopics } from '../../../infra/kafka/topics.ts';
import { createKafkaWriter } from '../../../infra/kafka/writer.ts';
import { createChatSlots } from '../../../infra/postgres/chat-slots.ts';
import { createCheckpoints } from '../../../infra/postgres/checkpoints.ts';
import { migrate } from '../../../infra/postgres/migrations/migrate.ts';
import { createParking } from '../../../infra/postgres/parking.ts';
import { openPostgres, type Postgres } from '../../../infra/postgres/pool.ts';
import { createViewRows } from '../../../infra/postgres/views/rows.ts';
import { systemClock } from '../../../infra/system/clock.ts';
import { createPartitionFollower, createRelay, openDeliveries, openViewSink } from '../../../projections/index.ts';
import type { Checkpoints, Claim, PartitionRows } from '../../../projections/partitions/ports.ts';
import type { PartitionSink } from '../../../projections/partitions/sink.ts';
import { createChains } from '../../../projections/relay/chains.ts';
import { feeder } from '../../contracts/partition-rows/feeder.ts';
import { databaseOn, keyspaceOn } from '../../support/fresh-stores.ts';
import { memoryCheckpoints } from '../../support/memory/checkpoints.ts';
import { type PairResult, pairs, type Verdict } from '../pairs.ts';
import { EVENTS, fillLog, MEMBERS, wholeLog } from './catch-up-log.ts';
import { type BenchCluster, openBenchCluster, PARTITIONS, SLOTS } from './world.ts';

const FEED_EVENTS = 1_000;
/** What kafkajs is quickest with, by hand. */
const BY_HAND_RECORDS = 100;
const PAIRS = 3;
const RETENTION_MS = 3_600_000;
const TARGET = 0.8;

const ignore = (): void => undefined;

/** How fast each worker takes in a log that is there already, against the slower of the engines that it stands between. */
export async function benchCatchUp(): Promise<Verdict[]> {
  const cluster = await openBenchCluster();
  try {
    await fillLog(cluster);
    const events = await wholeLog(cluster);
    const relay = await benchRelay(cluster, events);
    const followers = [
      await benchFollower(cluster, events, 'chat-history'),
      await benchFollower(cluster, events, 'user-chats'),
      await benchFollower(cluster, events, 'deliveries'),
    ];
    return [relay, ...followers];
  } finally {
    await cluster.close();
  }
}

const perSecond = (count: number, began: number): number => (count / (performance.now() - began)) * 1_000;

/** Last, the topic of events holds all of it once. */
async function benchRelay(cluster: BenchCluster, events: readonly RecordedEvent[]): Promise<Verdict> {
  const { store, kafka, topics } = cluster;
  const engines = { subscribed: [] as number[], written: [] as number[] };
  let runs = 0;
  const fresh = async (): Promise<string> => {
    const topic = `${topics.events}.relay-${++runs}`;
    await createTopics(kafka, [{ topic, partitions: PARTITIONS, retentionMs: RETENTION_MS }]);
    return topic;
  };
  const slower = async (): Promise<number> => {
    const subscribed = await subscribeByHand(store, events.length);
    const written = await writeByHand(cluster, await fresh(), events);
    engines.subscribed.push(Math.round(subscribed));
    engines.written.push(Math.round(written));
    return Math.min(subscribed, written);
  };
  const relayed = async (topic: string): Promise<number> => {
    const writer = createKafkaWriter(kafka, { topic, partitions: PARTITIONS });
    const head = await store.head();
    const owner = ids.ulid();
    const checkpoints = memoryCheckpoints();
    const relay = createRelay({ log: store, checkpoints, writer, owner, clock: systemClock, report: ignore });
    const began = performance.now();
    const running = relay.run();
    while ((relay.state().position ?? START) < head) await new Promise((resolve) => setTimeout(resolve, 2));
    const rate = perSecond(events.length, began);
    await relay.close();
    await running;
    await writer.close();
    return rate;
  };
  await slower();
  const result = await pairs(PAIRS, slower, async () => relayed(await fresh()));
  await relayed(topics.events);
  return verdictOf('relay', result, { byHand: engines });
}

async function subscribeByHand(store: BenchCluster['store'], count: number): Promise<number> {
  const began = performance.now();
  let seen = 0;
  for await (const { events } of store.subscribe({ after: START, signal: new AbortController().signal })) {
    seen += events.length;
    if (seen >= count) break;
  }
  return perSecond(count, began);
}

async function writeByHand(
  { kafka: { kafka } }: BenchCluster,
  topic: string,
  events: readonly RecordedEvent[],
): Promise<number> {
  const producer = kafka.producer({ createPartitioner: () => (args) => args.message.partition ?? 0 });
  await producer.connect();
  const placed = createChains(PARTITIONS, START).place(events);
  const began = performance.now();
  for (let from = 0; from < placed.length; from += BY_HAND_RECORDS) {
    const messages = placed.slice(from, from + BY_HAND_RECORDS).map((one) => toMessage(one).message);
    await producer.sendBatch({ acks: -1, topicMessages: [{ topic, messages }] });
  }
  const rate = perSecond(events.length, began);
  await producer.disconnect();
  return rate;
}

type Group = 'chat-history' | 'user-chats' | 'deliveries';

/** Stores of its own for each run, so that each begins at nothing. */
interface Stores {
  readonly postgres: Postgres;
  readonly checkpoints: Checkpoints;
  rows(): PartitionRows;
  close(): Promise<void>;
}

/** From Kafka to the rows, against the same rows fed from memory; deliveries against as many records written by hand. */
async function benchFollower(cluster: BenchCluster, events: readonly RecordedEvent[], group: Group): Promise<Verdict> {
  const own = events.filter(({ stream }) => stream.startsWith('chat-'));
  const baseline = async (): Promise<number> => {
    if (group === 'deliveries') return deliverByHand(cluster, own);
    const stores = await freshStores(cluster, group);
    const rate = await feedAll(stores, own, group);
    await stores.close();
    return rate;
  };
  const product = async (): Promise<number> => {
    const stores = await freshStores(cluster, group);
    const rate = await followAll(cluster, stores, { events, group });
    await stores.close();
    return rate;
  };
  return verdictOf(group, await pairs(PAIRS, baseline, product), {});
}

async function freshStores({ servers }: BenchCluster, group: Group): Promise<Stores> {
  const database = await databaseOn(servers);
  const connection = { url: database.url, applicationName: 'bench' };
  await migrate(connection);
  const postgres = openPostgres(connection);
  const checkpoints = createCheckpoints(postgres);
  await checkpoints.prepare(group, PARTITIONS);
  const endings = [() => postgres.close(), database.drop];
  if (group !== 'chat-history') {
    return { postgres, checkpoints, rows: () => createViewRows(postgres), close: () => endAll(endings) };
  }
  const { keyspace, drop } = await keyspaceOn(servers);
  const { contactPoints, port, localDataCenter } = servers.cassandra;
  const place = contactPoints.map((host) => `${host}:${port}`);
  const cassandra = await connectCassandra({ contactPoints: place, localDataCenter, keyspace });
  await migrateCassandra(cassandra, { owner: 'bench' });
  endings.unshift(() => cassandra.close(), drop);
  const rows = (): PartitionRows => createHistoryRows({ cassandra, checkpoints });
  return { postgres, checkpoints, rows, close: () => endAll(endings) };
}

async function endAll(endings: readonly (() => Promise<unknown>)[]): Promise<void> {
  for (const end of endings) await end();
}

async function feedAll({ checkpoints, rows }: Stores, events: readonly RecordedEvent[], group: Group): Promise<number> {
  const partitions = byPartition(events);
  const claims = await Promise.all(partitions.map((_, n) => checkpoints.claim(group, n, 'bench')));
  const began = performance.now();
  await Promise.all(
    partitions.map(async (own, n) => {
      const fed = feeder(rows(), claims[n] as Claim);
      for (let from = 0; from < own.length; from += FEED_EVENTS) await fed.feed(own.slice(from, from + FEED_EVENTS));
      await fed.close();
    }),
  );
  return perSecond(events.length, began);
}

function byPartition(events: readonly RecordedEvent[]): RecordedEvent[][] {
  const partitions = Array.from({ length: PARTITIONS }, (): RecordedEvent[] => []);
  for (const one of events) partitions[partitionOf(partitionKeyOf(one.stream), PARTITIONS)]?.push(one);
  return partitions;
}

async function followAll(
  { kafka, topics, store: log }: BenchCluster,
  { postgres, checkpoints, rows }: Stores,
  { events, group }: { events: readonly RecordedEvent[]; group: Group },
): Promise<number> {
  const missing = new Map(byPartition(events).flatMap((own, n) => (own.length > 0 ? [[n, own.at(-1)?.position]] : [])));
  let began = 0;
  let done: (rate: number) => void = ignore;
  const rate = new Promise<number>((resolve) => (done = resolve));
  const parking = createParking(postgres);
  const writer = createKafkaWriter(kafka, { topic: topics.deliveries, partitions: SLOTS });
  const shared = { checkpoints, parking, log, report: ignore };
  const open = (claim: Claim): Promise<PartitionSink> =>
    group === 'deliveries'
      ? openDeliveries({ ...shared, claim, store: createChatSlots(postgres), writer, clock: systemClock })
      : openViewSink({ ...shared, claim, rows: rows(), onUnknown: ignore });
  const follower = createPartitionFollower({
    group,
    partitions: PARTITIONS,
    topic: createKafkaGroup(kafka, { topic: topics.events, groupId: `${topics.events}.${ids.ulid()}` }),
    checkpoints,
    log,
    open,
    owner: 'bench',
    clock: systemClock,
    report(report) {
      if (report.kind === 'claimed') began ||= performance.now();
      if (report.kind !== 'batch' || report.position < (missing.get(report.partition) ?? 0)) return;
      missing.delete(report.partition);
      if (missing.size === 0) done(perSecond(events.length, began));
    },
  });
  const running = follower.run();
  const result = await Promise.race([rate, running.then(() => Number.NaN)]);
  await follower.close();
  await running;
  await writer.close();
  return result;
}

/** As many records as deliveries write of it, each event to the slots of its members. */
async function deliverByHand(
  { kafka: { kafka }, topics }: BenchCluster,
  events: readonly RecordedEvent[],
): Promise<number> {
  const producer = kafka.producer({ createPartitioner: () => (args) => args.message.partition ?? 0 });
  await producer.connect();
  const began = performance.now();
  const records = events.flatMap((one) => {
    const link = { source: 0, after: one.position - 1, position: one.position, event: one };
    return Array.from({ length: MEMBERS }, (_, slot) => ({ partition: (one.position + slot) % SLOTS, link }));
  });
  for (let from = 0; from < records.length; from += BY_HAND_RECORDS) {
    const messages = records.slice(from, from + BY_HAND_RECORDS).map((one) => toMessage(one).message);
    await producer.sendBatch({ acks: -1, topicMessages: [{ topic: `${topics.signals}`, messages }] });
  }
  const rate = perSecond(events.length, began);
  await producer.disconnect();
  return rate;
}

const WHAT: Record<Group | 'relay', string> = {
  relay: 'events/s from event store to Kafka ÷ the slower of a subscription and a kafkajs loop, by hand',
  'chat-history': 'events/s from Kafka into Cassandra ÷ the same rows fed from memory',
  'user-chats': 'events/s from Kafka into Postgres ÷ the same rows fed from memory',
  deliveries: `events/s from Kafka to the slots of ${MEMBERS} members ÷ a kafkajs loop that writes as many records`,
};

const verdictOf = (name: Group | 'relay', result: PairResult, details: Record<string, unknown>): Verdict => ({
  bench: `catch-up-${name}`,
  what: WHAT[name],
  ratio: result.ratio,
  target: { is: 'at least', value: TARGET },
  details: {
    events: EVENTS,
    baseline: result.baseline.map(Math.round),
    product: result.product.map(Math.round),
    ratios: result.ratios.map((ratio) => Math.round(ratio * 100) / 100),
    ...details,
  },
});
