import { afterEach, expect, it } from 'vitest';
import { MIGRATIONS } from '../../../infra/postgres/migrations/list.ts';
import { migrate } from '../../../infra/postgres/migrations/migrate.ts';
import { createDatabase, type TestDatabase } from './database.ts';

const opened: TestDatabase[] = [];
afterEach(async () => {
  for (const database of opened.splice(0)) await database.drop();
});

async function emptyDatabase(): Promise<TestDatabase> {
  const database = await createDatabase({ empty: true });
  opened.push(database);
  return database;
}

const applied = (database: TestDatabase) =>
  database.open().query<{ number: number; name: string }>('SELECT number, name FROM migrations ORDER BY number');

it('applies every step once, however many processes start at once', async () => {
  const database = await emptyDatabase();
  const options = { url: database.url, applicationName: 'tests' };
  await Promise.all(Array.from({ length: 6 }, () => migrate(options)));
  await migrate(options);
  expect(await applied(database)).toEqual(MIGRATIONS.map(({ name }, index) => ({ number: index + 1, name })));
});

it('keeps the steps before one that fails, nothing of that one, and goes on from there', async () => {
  const database = await emptyDatabase();
  const options = { url: database.url, applicationName: 'tests' };
  const good = { name: 'good', statements: ['CREATE TABLE good (n integer)'] };
  const half = { name: 'half', statements: ['CREATE TABLE half (n integer)', 'CREATE TABEL other (n integer)'] };
  await expect(migrate(options, [good, half])).rejects.toMatchObject({ code: '42601' });
  expect(await applied(database)).toEqual([{ number: 1, name: 'good' }]);
  await migrate(options, [good, { name: 'half', statements: ['CREATE TABLE half (n integer)'] }]);
  expect(await applied(database)).toHaveLength(2);
});

it('refuses a database that a younger version brought further', async () => {
  const database = await emptyDatabase();
  const options = { url: database.url, applicationName: 'tests' };
  await migrate(options, [...MIGRATIONS, { name: 'from the future', statements: [] }]);
  await expect(migrate(options)).rejects.toThrow('from the future');
});

it('makes the windows of generations that are there anew, before a column goes that they show', async () => {
  const database = await emptyDatabase();
  const options = { url: database.url, applicationName: 'tests' };
  const before = MIGRATIONS.findIndex(({ name }) => name === 'no rebuilding until');
  await migrate(options, MIGRATIONS.slice(0, before));
  const postgres = database.open();
  await postgres.execute('CREATE SCHEMA generation_2');
  await postgres.execute('CREATE VIEW generation_2.checkpoints AS SELECT * FROM checkpoints');
  await migrate(options);
  await postgres.execute("INSERT INTO checkpoints (grp, partition) VALUES ('user-chats@2', 0)");
  await postgres.execute("UPDATE generation_2.checkpoints SET position = 7 WHERE grp = 'user-chats@2'");
  const moved = await postgres.query("SELECT position FROM checkpoints WHERE grp = 'user-chats@2'");
  expect(moved).toEqual([{ position: 7 }]);
});
