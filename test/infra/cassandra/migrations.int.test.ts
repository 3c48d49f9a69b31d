import { afterEach, describe, expect, it } from 'vitest';
import type { Cassandra } from '../../../infra/cassandra/cassandra.ts';
import { readAll } from '../../../infra/cassandra/cassandra.ts';
import { connectCassandra } from '../../../infra/cassandra/connect.ts';
import { MIGRATIONS, type Migration } from '../../../infra/cassandra/migrations/list.ts';
import { LOCK_TABLE, migrationLock } from '../../../infra/cassandra/migrations/lock.ts';
import { migrate } from '../../../infra/cassandra/migrations/migrate.ts';
import { VIEW_TABLES } from '../../../infra/cassandra/stored-rows.ts';
import { freshKeyspace } from '../../support/servers.ts';
import { connectOptions } from './keyspace.ts';

const FEW: readonly Migration[] = [
  { number: 1, name: 'one', statements: ['CREATE TABLE IF NOT EXISTS one (id text PRIMARY KEY)'] },
  { number: 2, name: 'two', statements: ['CREATE TABLE IF NOT EXISTS two (id text PRIMARY KEY)'] },
];

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function connections(count: number): Promise<Cassandra[]> {
  const { keyspace, drop } = await freshKeyspace();
  closing.push(drop);
  const opened = await Promise.all(Array.from({ length: count }, () => connectCassandra(connectOptions(keyspace))));
  closing.push(...opened.map((cassandra) => cassandra.close));
  return opened;
}

const tablesOf = async (cassandra: Cassandra): Promise<unknown[]> => {
  const rows = await readAll(cassandra, 'SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?', [
    cassandra.keyspace,
  ]);
  return rows.map((row) => row.table_name);
};

describe('migrations', () => {
  it('make every table once where several processes start at once', async () => {
    const processes = await connections(3);
    const done = await Promise.all(processes.map((cassandra, n) => migrate(cassandra, { owner: `process ${n}` })));
    expect(done.flat().toSorted((one, other) => one - other)).toEqual(MIGRATIONS.map(({ number }) => number));
    const [first] = processes;
    if (!first) throw new Error('three were opened');
    expect(await tablesOf(first)).toEqual(expect.arrayContaining(VIEW_TABLES.map(({ name }) => name)));
    expect(await migrate(first, { owner: 'later' })).toEqual([]);
  });

  it('go on when the process that held the lock has died', async () => {
    const [dead, next] = await connections(2);
    if (!dead || !next) throw new Error('two were opened');
    await dead.define(LOCK_TABLE);
    const ttlS = 2;
    expect(await migrationLock(dead, { owner: 'dead', ttlS }).take()).toBe(true);
    expect(await migrationLock(next, { owner: 'next', ttlS }).take()).toBe(false);
    expect(await migrate(next, { owner: 'next', migrations: FEW })).toEqual([1, 2]);
  });

  it('let nobody go on who has lost the lock', async () => {
    const [slow, quick] = await connections(2);
    if (!slow || !quick) throw new Error('two were opened');
    await slow.define(LOCK_TABLE);
    const lock = migrationLock(slow, { owner: 'slow', ttlS: 1 });
    const other = migrationLock(quick, { owner: 'quick', ttlS: 60 });
    expect(await lock.take()).toBe(true);
    await expect.poll(() => other.take(), { timeout: 20_000 }).toBe(true);
    expect(await lock.renew()).toBe(false);
    await lock.release();
    expect(await other.renew()).toBe(true);
  });

  it('go on where one of them failed, with the lock free', async () => {
    const [cassandra] = await connections(1);
    if (!cassandra) throw new Error('one was opened');
    const broken: Migration[] = [...FEW.slice(0, 1), { number: 2, name: 'two', statements: ['CREATE NONSENSE'] }];
    await expect(migrate(cassandra, { owner: 'a', migrations: broken })).rejects.toThrow();
    expect(await migrate(cassandra, { owner: 'b', migrations: FEW })).toEqual([2]);
  });

  it('leave alone what a younger version has added', async () => {
    const [cassandra] = await connections(1);
    if (!cassandra) throw new Error('one was opened');
    expect(await migrate(cassandra, { owner: 'younger', migrations: FEW })).toEqual([1, 2]);
    expect(await migrate(cassandra, { owner: 'older', migrations: FEW.slice(0, 1) })).toEqual([]);
  });
});
