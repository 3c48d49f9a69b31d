import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openClusterLog } from '../../../bin/cluster/open-log.ts';
import { ids } from '../../../bin/write-side.ts';
import type { Commands } from '../../../commands/index.ts';
import { createAccessTokens } from '../../../gateway/auth/access-tokens.ts';
import { type EventStoreDbStore, openEventStoreDb } from '../../../infra/eventstoredb/event-store.ts';
import { connectKafka, type KafkaConnection } from '../../../infra/kafka/connection.ts';
import { ensureTopics, type TopicNames } from '../../../infra/kafka/topics.ts';
import { createAccounts } from '../../../infra/postgres/accounts/accounts.ts';
import { loadSigningKey } from '../../../infra/postgres/accounts/signing-key.ts';
import { migrate } from '../../../infra/postgres/migrations/migrate.ts';
import { openPostgres, type Postgres } from '../../../infra/postgres/pool.ts';
import { systemClock } from '../../../infra/system/clock.ts';
import {
  databaseOn,
  keyspaceOn,
  type Servers,
  serversFromEnvironment,
  uniqueName,
} from '../../support/fresh-stores.ts';
import { launchServer, type ServerProcess } from '../../support/server-process.ts';
import { startChild } from '../child.ts';

export const PARTITIONS = 8;
export const SLOTS = 16;
const TOKEN_LIFETIME_S = 86_400;

/** A cluster of its own on real servers, with a stand-in event store in a process of its own; its processes are the bench's to start. */
export interface BenchCluster {
  readonly servers: Servers;
  readonly env: Record<string, string>;
  readonly store: EventStoreDbStore;
  readonly postgres: Postgres;
  readonly kafka: KafkaConnection;
  readonly topics: TopicNames;
  readonly commands: Commands;
  launch(roles: string, env?: Record<string, string>): Promise<ServerProcess>;
  /** A registered user with a session; nobody signs in with a password. */
  user(name: string): Promise<{ userId: string; token: string }>;
  close(): Promise<void>;
}

export async function openBenchCluster(): Promise<BenchCluster> {
  const servers = serversFromEnvironment();
  const folder = mkdtempSync(join(tmpdir(), 'hindsight-bench-'));
  const eventStore = await startChild<{ url: string }>('event-store-process', [join(folder, 'events.db')]);
  const [database, keyspace] = await Promise.all([databaseOn(servers), keyspaceOn(servers)]);
  const prefix = uniqueName();
  const env = settings({
    servers,
    url: eventStore.ready.url,
    database: database.url,
    keyspace: keyspace.keyspace,
    prefix,
  });
  const ignore = (): void => undefined;
  const connection = { url: database.url, applicationName: 'bench' };
  await migrate(connection);
  const postgres = openPostgres(connection);
  const store = await openEventStoreDb({ url: eventStore.ready.url, heartbeat: null });
  const kafka = connectKafka({
    brokers: servers.kafka.brokers,
    clientId: 'bench',
    logger: { debug: ignore, warn: ignore },
  });
  const topics = await ensureTopics(kafka, { prefix, partitions: PARTITIONS, slots: SLOTS });
  const log = openClusterLog({ store, postgres, onFault: ignore });
  const launched: ServerProcess[] = [];
  let folders = 0;
  return {
    servers,
    env,
    store,
    postgres,
    kafka,
    topics,
    commands: log.commands,
    async launch(roles, more = {}) {
      const process = await launchServer({
        data: join(folder, `process-${++folders}`),
        env: { ...env, ...more },
        args: ['--roles', roles],
      }).ready;
      launched.push(process);
      return process;
    },
    user: await signedUp(log.commands, postgres),
    async close() {
      await Promise.all(launched.map((process) => process.stop()));
      await log.close();
      await store.close();
      await eventStore.stop();
      await kafka.ask('topics', (admin) => admin.deleteTopics({ topics: Object.values(topics) }));
      await kafka.close();
      await postgres.close();
      await Promise.all([database.drop(), keyspace.drop()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Places {
  servers: Servers;
  url: string;
  database: string;
  keyspace: string;
  prefix: string;
}

const settings = ({ servers, url, database, keyspace, prefix }: Places): Record<string, string> => ({
  HINDSIGHT_EVENTSTORE_URL: url,
  HINDSIGHT_KAFKA_BROKERS: servers.kafka.brokers.join(','),
  HINDSIGHT_KAFKA_PREFIX: prefix,
  HINDSIGHT_CASSANDRA_CONTACT_POINTS: servers.cassandra.contactPoints
    .map((host) => `${host}:${servers.cassandra.port}`)
    .join(','),
  HINDSIGHT_CASSANDRA_KEYSPACE: keyspace,
  HINDSIGHT_CASSANDRA_DATACENTER: servers.cassandra.localDataCenter,
  HINDSIGHT_POSTGRES_URL: database,
  HINDSIGHT_PARTITIONS: String(PARTITIONS),
  HINDSIGHT_SLOTS: String(SLOTS),
  HINDSIGHT_OPS_PORT: '0',
});

async function signedUp(commands: Commands, postgres: Postgres): Promise<BenchCluster['user']> {
  const accounts = createAccounts(postgres);
  const tokens = createAccessTokens({ key: await loadSigningKey(postgres), clock: systemClock });
  return async (username) => {
    const [userId, commandId, sessionId] = [ids.ulid(), ids.ulid(), ids.ulid()];
    const profile = { userId, username, displayName: username, password: true, commandId };
    for (;;) {
      const user = await commands.registerUser(profile);
      if (user.ok) break;
      if (user.rejection.code !== 'unknown') throw new Error(user.rejection.detail); // else it is safe to repeat
    }
    await accounts.enrol({ userId, hash: 'never matches', commandId });
    const at = systemClock();
    const session = { sessionId, userId, hash: 'never matches', refreshHash: randomBytes(32), at };
    await accounts.openSession({ ...session, refreshUntil: at + TOKEN_LIFETIME_S * 1_000 });
    return { userId, token: (await tokens.sign({ userId, sessionId, lifetimeS: TOKEN_LIFETIME_S })).token };
  };
}
