import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startStandIn } from '../../infra/eventstoredb/stand-in/index.ts';
import { freshDatabase, freshKeyspace, servers, topicPrefix } from './servers.ts';

const FILE = 'cluster.json';
const PARTITIONS = 4;
const SLOTS = 8;

/** Clusters of this test file, by the data folder that stands for each. */
const made = new Map<string, Promise<Record<string, string>>>();
/** Tables take their time to make, and ids are unique: the clusters of a test file share them. */
let keyspace: ReturnType<typeof freshKeyspace> | null = null;
const endings: (() => Promise<unknown>)[] = [];

/**
 * The settings of the cluster that a data folder stands for: a database, a keyspace, topics and a log of its own. Made
 * when it is first asked for; the log is kept by the stand-in event store, in this process.
 */
export function clusterEnv(data: string): Promise<Record<string, string>> {
  const known = made.get(data);
  if (known) return known;
  const fresh = makeCluster(data);
  made.set(data, fresh);
  return fresh;
}

async function makeCluster(data: string): Promise<Record<string, string>> {
  mkdirSync(data, { recursive: true });
  const file = join(data, FILE);
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
  keyspace ??= freshKeyspace();
  const [database, { keyspace: name }, standIn] = await Promise.all([
    freshDatabase(),
    keyspace,
    startStandIn({ file: join(data, 'stand-in.db'), host: '127.0.0.1', port: 0 }),
  ]);
  endings.push(standIn.close, database.drop);
  const { cassandra, kafka } = servers();
  const env = {
    HINDSIGHT_EVENTSTORE_URL: standIn.url,
    HINDSIGHT_KAFKA_BROKERS: kafka.brokers.join(','),
    HINDSIGHT_KAFKA_PREFIX: topicPrefix().replace(/\.$/, ''),
    HINDSIGHT_CASSANDRA_CONTACT_POINTS: cassandra.contactPoints.map((host) => `${host}:${cassandra.port}`).join(','),
    HINDSIGHT_CASSANDRA_KEYSPACE: name,
    HINDSIGHT_CASSANDRA_DATACENTER: cassandra.localDataCenter,
    HINDSIGHT_POSTGRES_URL: database.url,
    HINDSIGHT_PARTITIONS: String(PARTITIONS),
    HINDSIGHT_SLOTS: String(SLOTS),
    HINDSIGHT_OPS_PORT: '0',
  };
  writeFileSync(file, JSON.stringify(env));
  return env;
}

/** Ends what this process made; its servers must have stopped. */
export async function dropClusters(): Promise<void> {
  made.clear();
  for (const end of endings.splice(0)) await end();
  await (await keyspace)?.drop();
  keyspace = null;
}
