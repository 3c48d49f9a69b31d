import pg from 'pg';
import { expect, it } from 'vitest';
import { freshDatabase, freshKeyspace, topicPrefix } from '../../support/servers.ts';

it('gives every test a database, a keyspace and a prefix of its own', async () => {
  const database = await freshDatabase();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const { rows } = await client.query('SELECT count(*)::int AS tables FROM pg_stat_user_tables');
  expect(rows).toEqual([{ tables: 0 }]);
  client.on('error', () => undefined); // it is cut off by the next line
  await database.drop();
  const keyspace = await freshKeyspace();
  await keyspace.drop();
  expect(topicPrefix()).not.toBe(topicPrefix());
});
