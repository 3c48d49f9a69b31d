import { randomBytes } from 'node:crypto';
import cassandra from 'cassandra-driver';
import pg from 'pg';
import { inject } from 'vitest';

/** Where the real servers of this run are. */
export interface Servers {
  kafka: { brokers: string[] };
  cassandra: { contactPoints: string[]; port: number; localDataCenter: string };
  postgres: { url: string };
}

declare module 'vitest' {
  interface ProvidedContext {
    servers: Servers;
  }
}

/** What `start-servers.ts` started or was told of, for tests of the project `servers` (`*.int.test.ts`). */
export const servers = (): Servers => inject('servers');

/** An empty Postgres database of its own. `drop` ends whatever connections to it are left. */
export async function freshDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const name = uniqueName();
  await onPostgres(`CREATE DATABASE ${name}`);
  const url = new URL(servers().postgres.url);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => onPostgres(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

/** An empty Cassandra keyspace of its own, replicated once. */
export async function freshKeyspace(): Promise<{ keyspace: string; drop(): Promise<void> }> {
  const keyspace = uniqueName();
  await onCassandra(
    `CREATE KEYSPACE ${keyspace} WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`,
  );
  return { keyspace, drop: () => onCassandra(`DROP KEYSPACE IF EXISTS ${keyspace}`) };
}

/** Begins the names of topics and of consumer groups, so that tests on one broker do not meet. */
export const topicPrefix = (): string => `${uniqueName()}.`;

/** Lower case and no punctuation: a name for Postgres, Cassandra and Kafka alike, without quotes. */
const uniqueName = (): string => `test_${randomBytes(6).toString('hex')}`;

async function onPostgres(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: servers().postgres.url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

async function onCassandra(statement: string): Promise<void> {
  const { port, ...place } = servers().cassandra;
  const client = new cassandra.Client({ ...place, protocolOptions: { port }, socketOptions: { readTimeout: 30_000 } });
  try {
    await client.connect();
    await client.execute(statement);
  } finally {
    await client.shutdown();
  }
}
