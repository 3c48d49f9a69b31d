import { expect, it } from 'vitest';
import { clusterChecks } from '../../../bin/cli/doctor/cluster.ts';
import { type ClusterConfig, loadConfig } from '../../../infra/config.ts';
import { servers } from '../../support/servers.ts';

const NOBODY = '127.0.0.1:1';

/** What is not given is as the test's servers have it; an event store there is none of. */
function configOf(given: Record<string, string> = {}): ClusterConfig {
  const { kafka, cassandra, postgres } = servers();
  const { config } = loadConfig(
    {},
    {
      HINDSIGHT_EVENTSTORE_URL: `esdb://${NOBODY}?tls=false`,
      HINDSIGHT_KAFKA_BROKERS: kafka.brokers.join(','),
      HINDSIGHT_KAFKA_PREFIX: 'never-made',
      HINDSIGHT_CASSANDRA_CONTACT_POINTS: cassandra.contactPoints.map((host) => `${host}:${cassandra.port}`).join(','),
      HINDSIGHT_CASSANDRA_DATACENTER: cassandra.localDataCenter,
      HINDSIGHT_CASSANDRA_KEYSPACE: 'never_made',
      HINDSIGHT_POSTGRES_URL: postgres.url,
      ...given,
    },
  );
  return config as ClusterConfig;
}

const statesOf = async (config: ClusterConfig): Promise<Record<string, string>> =>
  Object.fromEntries((await clusterChecks(config)).map(({ name, state }) => [name, state]));

it('looks at every server of a cluster, and makes nothing there', async () => {
  const config = configOf();
  const found = { 'event store': 'wrong', Kafka: 'note', Cassandra: 'note' };
  expect(await statesOf(config)).toMatchObject(found);
  expect(await statesOf(config)).toMatchObject(found);
});

it('says of each what is wrong with it', async () => {
  const { postgres } = servers();
  const wrongPassword = new URL(postgres.url);
  wrongPassword.password = 'wrong';
  const checks = await clusterChecks(
    configOf({
      HINDSIGHT_KAFKA_BROKERS: NOBODY,
      HINDSIGHT_CASSANDRA_DATACENTER: 'nowhere',
      HINDSIGHT_POSTGRES_URL: wrongPassword.href,
    }),
  );
  const details = Object.fromEntries(checks.map(({ name, state, detail }) => [name, `${state}: ${detail}`]));
  expect(details['Kafka']).toContain('ECONNREFUSED');
  expect(details['Cassandra']).toContain('nowhere');
  expect(details['Postgres']).toContain('password');
  expect(Object.values(details).every((detail) => detail.startsWith('wrong: '))).toBe(true);
});
