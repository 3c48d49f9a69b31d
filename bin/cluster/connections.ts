import { setTimeout as pause } from 'node:timers/promises';
import { isTemporary } from '../../events/event-store.ts';
import type { Cassandra } from '../../infra/cassandra/cassandra.ts';
import { connectCassandra } from '../../infra/cassandra/connect.ts';
import { migrate as migrateCassandra } from '../../infra/cassandra/migrations/migrate.ts';
import { type ClusterConfig, ConfigError } from '../../infra/config.ts';
import type { EventStoreDbStore } from '../../infra/eventstoredb/event-store.ts';
import { openEventStoreDb } from '../../infra/eventstoredb/event-store.ts';
import { connectKafka, type KafkaConnection, type KafkaOptions } from '../../infra/kafka/connection.ts';
import { migrate as migratePostgres } from '../../infra/postgres/migrations/migrate.ts';
import { openPostgres, type Postgres } from '../../infra/postgres/pool.ts';

/** What is needed to reach the servers of a cluster, and to be closed again. */
export interface Reach {
  readonly config: ClusterConfig;
  /** Names this process among all of the cluster. */
  readonly processId: string;
  onClose(end: () => unknown): void;
  onFatal(error: Error): void;
  /** Something failed and will be tried again, or has been mended. */
  fault(what: string, error?: unknown): void;
  /** The event store's connection was lost or silent, and made anew. */
  reconnected?: () => void;
}

/** Opens no connection yet. */
export function reachKafka({ config, processId, onClose, fault }: Reach): KafkaConnection {
  const kafka = connectKafka({
    brokers: config.kafkaBrokers.split(',').map((broker) => broker.trim()),
    clientId: `hindsight-${processId}`,
    ssl: config.kafkaTls,
    sasl: saslOf(config.kafkaSasl),
    logger: { debug: () => undefined, warn: ({ ...fields }, message) => fault(message, fields) },
  });
  onClose(kafka.close);
  return kafka;
}

const MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;

function saslOf(text: string | null): NonNullable<KafkaOptions['sasl']> | null {
  if (text === null) return null;
  const [name, username = '', ...password] = text.split(':');
  const mechanism = MECHANISMS.find((known) => known === name);
  if (!mechanism) throw new ConfigError([`kafkaSasl: begins with one of ${MECHANISMS.join(', ')}`]);
  return { mechanism, username, password: password.join(':') } as NonNullable<KafkaOptions['sasl']> | null;
}

/** A server that is not there yet is asked again after this. */
const AGAIN_MS = 1_000;

export async function reachEventStore({
  config,
  onClose,
  onFatal,
  fault,
  reconnected,
}: Reach): Promise<EventStoreDbStore> {
  const open = () =>
    openEventStoreDb({
      url: config.eventstoreUrl,
      onFault: fault,
      onFatal,
      ...(reconnected && { onReconnect: reconnected }),
    });
  const store = await untilThere(open, (error) => fault('the event store is not there yet', error));
  onClose(store.close);
  return store;
}

/** With all its tables. */
export async function reachPostgres({ config, processId, onClose, fault }: Reach): Promise<Postgres> {
  const options = { url: config.postgresUrl, applicationName: `hindsight ${processId}`, onFault: fault };
  await untilThere(
    () => migratePostgres(options),
    (error) => fault('Postgres is not there yet', error),
  );
  const postgres = openPostgres(options);
  onClose(postgres.close);
  return postgres;
}

/** With all its tables. */
export async function reachCassandra({ config, processId, onClose, fault }: Reach): Promise<Cassandra> {
  const cassandra = await untilThere(
    () => openCassandra(config, processId),
    (error) => fault('Cassandra is not there yet', error),
  );
  onClose(() => cassandra.close());
  return cassandra;
}

/** With all its tables. Throws where it is not there. */
export async function openCassandra(config: ClusterConfig, processId: string): Promise<Cassandra> {
  const [username, ...password] = config.cassandraAuth?.split(':') ?? [];
  const cassandra = await connectCassandra({
    contactPoints: config.cassandraContactPoints.split(',').map((point) => point.trim()),
    localDataCenter: config.cassandraDatacenter,
    keyspace: config.cassandraKeyspace,
    replication: config.cassandraReplication,
    tls: config.cassandraTls,
    ...(username !== undefined && { username, password: password.join(':') }),
  });
  try {
    await migrateCassandra(cassandra, { owner: processId });
    return cassandra;
  } catch (error) {
    await cassandra.close();
    throw error;
  }
}

/** Asks again for as long as what went wrong may pass; says so once. */
export async function untilThere<T>(open: () => Promise<T>, say: (error: unknown) => void): Promise<T> {
  for (let said = false; ; said = true) {
    try {
      return await open();
    } catch (error) {
      if (!isTemporary(error)) throw error;
      if (!said) say(error);
      await pause(AGAIN_MS);
    }
  }
}
