import { inspectCassandra } from '../../../infra/cassandra/inspect.ts';
import type { ClusterConfig } from '../../../infra/config.ts';
import { openEventStoreDb } from '../../../infra/eventstoredb/event-store.ts';
import { missingTopics } from '../../../infra/kafka/topics.ts';
import { createCheckpoints } from '../../../infra/postgres/checkpoints.ts';
import { pendingMigrations } from '../../../infra/postgres/migrations/migrate.ts';
import { openPostgres, type Postgres } from '../../../infra/postgres/pool.ts';
import { withDeadline } from '../../../infra/system/deadline.ts';
import { cassandraOptions, openKafka } from '../../cluster/reach-server.ts';
import { type Check, fine, looked, note } from './check.ts';

const CHECK_MS = 15_000;
/** Whoever holds a partition confirms it far more often. */
const SILENT_MS = 30_000;
const NAME = 'hindsight doctor';

/** Whether each server of a cluster answers, lets us in and is what the settings say. Nothing is made or changed there. */
export async function clusterChecks(config: ClusterConfig): Promise<Check[]> {
  const checks: Record<string, (config: ClusterConfig) => Promise<Check>> = {
    'event store': eventStore,
    Kafka: kafka,
    Cassandra: cassandra,
    Postgres: postgres,
    processes,
  };
  return Promise.all(
    Object.entries(checks).map(([name, check]) =>
      looked(name, () => withDeadline(check(config), CHECK_MS, () => new Error(`no answer in ${CHECK_MS} ms`))),
    ),
  );
}

async function eventStore({ eventstoreUrl }: ClusterConfig): Promise<Check> {
  const store = await openEventStoreDb({ url: eventstoreUrl, heartbeat: null });
  try {
    await store.head();
    return fine('event store', `answers: ${store.serverVersion}`, { version: store.serverVersion, epoch: store.epoch });
  } finally {
    await store.close();
  }
}

async function kafka(config: ClusterConfig): Promise<Check> {
  const { kafkaPrefix: prefix, partitions, slots } = config;
  const connection = openKafka(config, 'doctor', () => undefined);
  try {
    const missing = await missingTopics(connection, { prefix, partitions, slots });
    if (missing.length > 0) return note('Kafka', `answers; the first start makes ${missing.join(', ')}`, { missing });
    return fine('Kafka', `answers; ${partitions} partitions of events, ${slots} slots`, { partitions, slots });
  } finally {
    await connection.close();
  }
}

async function cassandra(config: ClusterConfig): Promise<Check> {
  const { release, hasKeyspace } = await inspectCassandra(cassandraOptions(config));
  const keyspace = config.cassandraKeyspace;
  return hasKeyspace
    ? fine('Cassandra', `answers: ${release}, keyspace ${keyspace}`, { release })
    : note('Cassandra', `answers: ${release}; the first start makes keyspace ${keyspace}`, { release });
}

async function postgres({ postgresUrl }: ClusterConfig): Promise<Check> {
  return onPostgres(postgresUrl, async (database) => {
    const [row] = await database.query<{ version: string }>("SELECT current_setting('server_version') AS version");
    const version = row?.version ?? '';
    const pending = await pendingMigrations(database);
    return pending === 0
      ? fine('Postgres', `answers: ${version}, tables up to date`, { version })
      : note('Postgres', `answers: ${version}; the next start takes ${pending} steps of migration`, {
          version,
          pending,
        });
  });
}

/** Who is at work: a partition that nobody holds stands still. */
async function processes({ postgresUrl }: ClusterConfig): Promise<Check> {
  return onPostgres(postgresUrl, async (database) => {
    if ((await pendingMigrations(database)) > 0)
      return note('processes', 'not looked for: the tables are not there yet');
    const states = await createCheckpoints(database).list();
    if (states.length === 0) return note('processes', 'none has been started yet');
    const silent = states.filter(({ idleMs }) => idleMs > SILENT_MS);
    if (silent.length === 0) return fine('processes', 'every partition is somebody’s');
    const groups = [...new Set(silent.map(({ group }) => group))].map(
      (group) => `${silent.filter((state) => state.group === group).length} of ${group}`,
    );
    return note('processes', `partitions that nobody works on: ${groups.join(', ')}`, { groups });
  });
}

async function onPostgres<T>(url: string, look: (database: Postgres) => Promise<T>): Promise<T> {
  const database = openPostgres({ url, applicationName: NAME, max: 1 });
  try {
    return await look(database);
  } finally {
    await database.close();
  }
}
