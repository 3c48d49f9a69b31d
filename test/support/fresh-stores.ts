import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import cassandra from 'cassandra-driver';
import pg from 'pg';

/** Where real servers are. */
export interface Servers {
  kafka: { brokers: string[] };
  cassandra: { contactPoints: string[]; port: number; localDataCenter: string };
  postgres: { url: string };
}

/** The file that HINDSIGHT_TEST_SERVERS names. */
export function serversFromEnvironment(): Servers {
  const path = process.env['HINDSIGHT_TEST_SERVERS'];
  if (!path) throw new Error('HINDSIGHT_TEST_SERVERS names no file');
  return JSON.parse(readFileSync(path, 'utf8')) as Servers;
}

/** Lower case and no punctuation: a name for Postgres, Cassandra and Kafka alike, without quotes. */
export const uniqueName = (): string => `test_${randomBytes(6).toString('hex')}`;

/** An empty Postgres database of its own. `drop` ends whatever connections to it are left. */
export async function databaseOn({ postgres }: Servers): Promise<{ url: string; drop(): Promise<void> }> {
  const name = uniqueName();
  await onPostgres(postgres, `CREATE DATABASE ${name}`);
  const url = new URL(postgres.url);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => onPostgres(postgres, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

/** An empty Cassandra keyspace of its own, replicated once. Dropping it drops the generation that a rebuild has made beside it. */
export async function keyspaceOn({ cassandra: place }: Servers): Promise<{ keyspace: string; drop(): Promise<void> }> {
  const keyspace = uniqueName();
  await onCassandra(
    place,
    `CREATE KEYSPACE ${keyspace} WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`,
  );
  const drop = async (): Promise<void> => {
    for (const name of [keyspace, `${keyspace}_g2`]) await onCassandra(place, `DROP KEYSPACE IF EXISTS ${name}`);
  };
  return { keyspace, drop };
}

async function onPostgres({ url }: Servers['postgres'], statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

async function onCassandra({ port, ...place }: Servers['cassandra'], statement: string): Promise<void> {
  const client = new cassandra.Client({ ...place, protocolOptions: { port }, socketOptions: { readTimeout: 30_000 } });
  try {
    await client.connect();
    await client.execute(statement);
  } finally {
    await client.shutdown();
  }
}
