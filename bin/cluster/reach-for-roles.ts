import type { Cassandra } from '../../infra/cassandra/cassandra.ts';
import type { EventStoreDbStore } from '../../infra/eventstoredb/event-store.ts';
import type { KafkaConnection } from '../../infra/kafka/connection.ts';
import { ensureTopics, type TopicNames } from '../../infra/kafka/topics.ts';
import { createCheckpoints } from '../../infra/postgres/checkpoints.ts';
import type { Postgres } from '../../infra/postgres/pool.ts';
import type { Checkpoints } from '../../projections/partitions/ports.ts';
import type { Probes } from './probes.ts';
import { type Reach, reachCassandra, reachEventStore, reachKafka, reachPostgres, untilThere } from './reach-server.ts';
import type { Role, Roles } from './roles.ts';

/** The servers that a process needs for its roles. */
export interface Reached {
  readonly store: EventStoreDbStore;
  readonly postgres: Postgres;
  readonly checkpoints: Checkpoints;
  readonly cassandra: Cassandra | null;
  readonly kafka: KafkaConnection | null;
  readonly topics: TopicNames | null;
}

const NEED_CASSANDRA: readonly Role[] = ['http', 'gateway', 'projector'];
const NEED_KAFKA: readonly Role[] = ['gateway', 'relay', 'projector', 'deliveries'];

/** Reaches those that any of the roles needs. Waits for each of them for as long as it takes, and shows meanwhile which is waited for. */
export async function reachServers(reach: Reach & { probes: Probes }, roles: Roles): Promise<Reached> {
  const { probes } = reach;
  const needs = (those: readonly Role[]): boolean => those.some((role) => roles.has(role));
  const [store, postgres, cassandra, broker] = await Promise.all([
    reachEventStore(reach).then((eventStore) => {
      probes.watch({ name: 'eventstore', look: () => eventStore.head() });
      return eventStore;
    }),
    reachPostgres(reach).then((database) => {
      probes.watch({ name: 'postgres', look: () => database.query('SELECT 1') });
      return database;
    }),
    needs(NEED_CASSANDRA) ? watchedCassandra(reach) : null,
    needs(NEED_KAFKA) ? watchedKafka(reach) : null,
  ]);
  const checkpoints = createCheckpoints(postgres);
  return { store, postgres, checkpoints, cassandra, kafka: broker?.kafka ?? null, topics: broker?.topics ?? null };
}

async function watchedCassandra(reach: Reach & { probes: Probes }): Promise<Cassandra> {
  const cassandra = await reachCassandra(reach);
  reach.probes.watch({ name: 'cassandra', look: () => cassandra.read('SELECT key FROM system.local', []) });
  return cassandra;
}

async function watchedKafka(
  reach: Reach & { probes: Probes },
): Promise<{ kafka: KafkaConnection; topics: TopicNames }> {
  const { kafkaPrefix: prefix, partitions, slots } = reach.config;
  const kafka = reachKafka(reach);
  const topics = await untilThere(reach, 'kafka', () => ensureTopics(kafka, { prefix, partitions, slots }));
  reach.probes.watch({ name: 'kafka', look: () => kafka.ask('the brokers', (admin) => admin.describeCluster()) });
  return { kafka, topics };
}
