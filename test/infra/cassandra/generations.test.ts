import { expect, it } from 'vitest';
import type { Cassandra } from '../../../infra/cassandra/cassandra.ts';
import { atGeneration } from '../../../infra/cassandra/generations.ts';

function asked() {
  const said: string[] = [];
  const cassandra = {
    keyspace: 'main',
    define: async (statement: string) => void said.push(statement),
  } as Partial<Cassandra> as Cassandra;
  return { said, second: atGeneration(cassandra, 2) };
}

it('says the same of the tables of a generation, and leaves what is known of all keyspaces', async () => {
  const { said, second } = asked();
  await second.define('SELECT seq FROM chat_heads WHERE chat = ?');
  await second.define('SELECT table_name FROM system_schema.tables');
  expect(said).toEqual([
    'SELECT seq FROM main_g2.chat_heads WHERE chat = ?',
    'SELECT table_name FROM system_schema.tables',
  ]);
});

it.each(['ALTER TABLE chat_heads ADD more text', 'CREATE INDEX ON chat_heads (at)', 'TRUNCATE chat_heads'])(
  'refuses a statement that would be about the first generation: %s',
  async (statement) => {
    const { said, second } = asked();
    await expect(async () => second.define(statement)).rejects.toThrow('which generation');
    expect(said).toEqual([]);
  },
);
