import driver from 'cassandra-driver';
import { type ConnectOptions, clientOptions } from './connect.ts';
import { failureOf } from './failures.ts';
import { mended } from './mended-driver.ts';

export interface CassandraFound {
  readonly release: string;
  readonly hasKeyspace: boolean;
}

/** What a server is, for whoever only looks: makes nothing. Throws as `connectCassandra` does. */
export async function inspectCassandra(options: ConnectOptions): Promise<CassandraFound> {
  const client = mended(new driver.Client(clientOptions(options)));
  try {
    await client.connect();
    const local = await client.execute('SELECT release_version FROM system.local');
    const keyspaces = await client.execute(
      'SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?',
      [options.keyspace],
    );
    return { release: String(local.first()['release_version']), hasKeyspace: keyspaces.rowLength > 0 };
  } catch (error) {
    throw failureOf(error, 'read');
  } finally {
    await client.shutdown();
  }
}
