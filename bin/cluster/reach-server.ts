import { setTimeout as pause } from 'node:timers/promises';
import { isTemporary } from '../../events/event-store.ts';
import { messageOf } from '../../events/message-of.ts';
import type { Cassandra } from '../../infra/cassandra/cassandra.ts';
import { type ConnectOptions, connectCassandra } from '../../infra/cassandra/connect.ts';
import { migrate as migrateCassandra } from '../../infra/cassandra/migrations/migrate.ts';
import type { ClusterConfig, Config } from '../../infra/config.ts';
import type { EventStoreDbStore } from '../../infra/eventstoredb/event-store.ts';
import { openEventStoreDb } from '../../infra/eventstoredb/event-store.ts';
import { connectKafka, type KafkaConnection, type KafkaOptions } from '../../infra/kafka/connection.ts';
import { migrate as migratePostgres } from '../../infra/postgres/migrations/migrate.ts';
import { openPostgres, type Postgres, type PostgresOptions } from '../../infra/postgres/pool.ts';
import type { Probes } from './probes.ts';

/** What is needed to reach the servers of a cluster, and to be closed again. */
export interface Reach {
  readonly config: ClusterConfig;
  /** Names this process among all of the cluster. */
  readonly processId: string;
  onClose(end: () => unknown): void;
  onFatal(error: Error): void;
  /** Shows what is waited for, and why. */
  readonly probes?: Pick<Probes, 'awaited'>;
  /** Something failed and will be tried again, or has been mended. */
  fault(what: string, error?: unknown): void;
  /** The event store's connection was given up, silent or not made in time, for a new one. */
  reconnected?: () => void;
}

/** Opens no connection yet. */
export function reachKafka({ config, processId, onClose, fault }: Reach): KafkaConnection {
  const kafka = openKafka(config, processId, fault);
  onClose(kafka.close);
  return kafka;
}

export const openKafka = (
  config: Pick<Config, 'kafkaTls' | 'kafkaSasl'> & { kafkaBrokers: string },
  processId: string,
  fault: Reach['fault'],
): KafkaConnection =>
  connectKafka({
    brokers: config.kafkaBrokers.split(',').map((broker) => broker.trim()),
    clientId: `hindsight-${processId}`,
    ssl: config.kafkaTls,
    sasl: saslOf(config.kafkaSasl),
    logger: { debug: () => undefined, warn: ({ ...fields }, message) => fault(message, fields) },
  });

/** The setting's form has been checked. */
function saslOf(text: string | null): NonNullable<KafkaOptions['sasl']> | null {
  if (text === null) return null;
  const [mechanism, username, ...password] = text.split(':');
  return { mechanism, username, password: password.join(':') } as NonNullable<KafkaOptions['sasl']>;
}

/** A server that is not there yet is asked again after this. */
const AGAIN_MS = 1_000;

export async function reachEventStore(reach: Reach): Promise<EventStoreDbStore> {
  const { config, onClose, onFatal, fault, reconnected } = reach;
  const open = () =>
    openEventStoreDb({
      url: config.eventstoreUrl,
      onFault: fault,
      onFatal,
      ...(reconnected && { onReconnect: reconnected }),
    });
  const store = await untilThere(reach, 'eventstore', open);
  onClose(store.close);
  return store;
}

export const postgresOptions = (
  { postgresUrl: url }: Pick<ClusterConfig, 'postgresUrl'>,
  { name, fault: onFault }: { name: string; fault: NonNullable<PostgresOptions['onFault']> },
): PostgresOptions => ({ url, applicationName: `hindsight ${name}`, onFault });

/** With all its tables. */
export async function reachPostgres(reach: Reach): Promise<Postgres> {
  const { config, processId, onClose, fault } = reach;
  const options = postgresOptions(config, { name: processId, fault });
  await untilThere(reach, 'postgres', () => migratePostgres(options));
  const postgres = openPostgres(options);
  onClose(postgres.close);
  return postgres;
}

/** With all its tables. */
export async function reachCassandra(reach: Reach): Promise<Cassandra> {
  const { config, processId, onClose } = reach;
  const cassandra = await untilThere(reach, 'cassandra', () => openCassandra(config, processId));
  onClose(() => cassandra.close());
  return cassandra;
}

/** With all its tables. Throws where it is not there. */
export async function openCassandra(config: ClusterConfig, processId: string): Promise<Cassandra> {
  const cassandra = await connectCassandra(cassandraOptions(config));
  try {
    await migrateCassandra(cassandra, { owner: processId });
    return cassandra;
  } catch (error) {
    await cassandra.close();
    throw error;
  }
}

export function cassandraOptions(config: ClusterConfig): ConnectOptions {
  const [username, ...password] = config.cassandraAuth?.split(':') ?? [];
  return {
    contactPoints: config.cassandraContactPoints.split(',').map((point) => point.trim()),
    localDataCenter: config.cassandraDatacenter,
    keyspace: config.cassandraKeyspace,
    replication: config.cassandraReplication,
    tls: config.cassandraTls,
    ...(username !== undefined && { username, password: password.join(':') }),
  };
}

/** What is waited for, as it is called in sentences. */
const CALLED = { eventstore: 'the event store', postgres: 'Postgres', cassandra: 'Cassandra', kafka: 'Kafka' };

/** Asks again for as long as what went wrong may pass; says so once, and shows each time why. */
export async function untilThere<T>(
  { probes, fault }: Pick<Reach, 'probes' | 'fault'>,
  name: keyof typeof CALLED,
  open: () => Promise<T>,
): Promise<T> {
  probes?.awaited(name, 'not reached yet');
  for (let said = false; ; said = true) {
    try {
      return await open();
    } catch (error) {
      if (!isTemporary(error)) throw error;
      probes?.awaited(name, messageOf(error));
      if (!said) fault(`${CALLED[name]} is not there yet`, error);
      await pause(AGAIN_MS);
    }
  }
}
