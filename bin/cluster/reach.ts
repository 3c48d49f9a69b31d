import type { Cassandra } from '../../infra/cassandra/cassandra.ts';
import type { EventStoreDbStore } from '../../infra/eventstoredb/event-store.ts';
import type { KafkaConnection } from '../../infra/kafka/connection.ts';
import { ensureTopics, type TopicNames } from '../../infra/kafka/topics.ts';
import { createCheckpoints } from '../../infra/postgres/checkpoints.ts';
import type { Postgres } from '../../infra/postgres/pool.ts';
import type { Checkpoints } from '../../projections/partitions/ports.ts';
import { type Reach, reachCassandra, reachEventStore, reachKafka, reachPostgres, untilThere } from './connections.ts';
import type { Probe } from './probes.ts';
import type { Role, Roles } from './roles.ts';

/** The servers that a process needs for its roles. */
export interface Reached {
  readonly store: EventStoreDbStore;
  readonly postgres: Postgres;
  readonly checkpoints: Checkpoints;
  readonly cassandra: Cassandra | null;
  readonly kafka: KafkaConnection | null;
  readonly topics: TopicNames | null;
  readonly probes: readonly Probe[];
}

const NEED_CASSANDRA: readonly Role[] = ['http', 'gateway', 'projector'];
const NEED_KAFKA: readonly Role[] = ['gateway', 'relay', 'projector', 'deliveries'];

/** Waits for each of them for as long as it takes. */
export async function reachServers(reach: Reach, roles: Roles): Promise<Reached> {
  const needs = (those: readonly Role[]): boolean => those.some((role) => roles.has(role));
  const [store, postgres, cassandra] = await Promise.all([
    reachEventStore(reach),
    reachPostgres(reach),
    needs(NEED_CASSANDRA) ? reachCassandra(reach) : null,
  ]);
  const kafka = needs(NEED_KAFKA) ? reachKafka(reach) : null;
  const { kafkaPrefix: prefix, partitions, slots } = reach.config;
  const topics =
    kafka &&
    (await untilThere(
      () => ensureTopics(kafka, { prefix, partitions, slots }),
      (error) => reach.fault('Kafka is not there yet', error),
    ));
  return {
    store,
    postgres,
    checkpoints: createCheckpoints(postgres),
    cassandra,
    kafka,
    topics,
    probes: [
      { name: 'eventstore', look: () => store.head() },
      { name: 'postgres', look: () => postgres.query('SELECT 1') },
      ...(cassandra ? [{ name: 'cassandra', look: () => cassandra.read('SELECT key FROM system.local', []) }] : []),
      ...(kafka ? [{ name: 'kafka', look: () => kafka.ask('the brokers', (admin) => admin.describeCluster()) }] : []),
    ],
  };
}
