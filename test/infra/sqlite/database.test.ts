import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { openDatabase } from '../../../infra/sqlite/database.ts';
import { isBusy } from '../../../infra/sqlite/errors.ts';
import { testFolder } from '../../support/folder.ts';

const ROWS = 500;

/** The collector, on request. */
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

it('a statement lives for as long as its rows are read, though nobody else holds it', async () => {
  const database = await openDatabase({ file: ':memory:', synchronous: 'off' });
  database.exec('CREATE TABLE numbers (n INTEGER)');
  const insert = database.prepare('INSERT INTO numbers VALUES (?)');
  for (let n = 0; n < ROWS; n++) insert.run(n);
  let sum = 0;
  for (const { n } of database.prepare<{ n: number }>('SELECT n FROM numbers').iterate()) {
    sum += n;
    if (n % 50 !== 0) continue;
    collect();
    await turn();
    for (let i = 0; i < 20; i++) database.prepare('SELECT 1').get(); // takes the place of what was freed
  }
  expect(sum).toBe((ROWS * (ROWS - 1)) / 2);
  database.close();
});

it('rows that are left unread leave the statement free for the next', async () => {
  const database = await openDatabase({ file: ':memory:', synchronous: 'off' });
  const statement = database.prepare<[number]>('SELECT 1 UNION SELECT 2 UNION SELECT 3', { arrays: true });
  for (const [n] of statement.iterate()) if (n === 2) break;
  expect(statement.all()).toEqual([[1], [2], [3]]);
  database.close();
});

it('however rows are read, what SQLite says of a lock is known for that', async () => {
  const options = {
    file: join(testFolder(), 'some.db'),
    synchronous: 'off',
    journal: 'delete',
    busyTimeoutMs: 0,
  } as const;
  const writer = await openDatabase(options);
  writer.exec('CREATE TABLE numbers (n INTEGER)');
  const reader = await openDatabase({ ...options, readOnly: true });
  const statement = reader.prepare('SELECT n FROM numbers');
  const ways = { get: () => statement.get(), all: () => statement.all(), iterate: () => [...statement.iterate()] };
  writer.exec('BEGIN EXCLUSIVE');
  const busy = Object.entries(ways).map(([name, read]) => [name, thrownBy(read)] as const);
  expect(busy.filter(([, error]) => !isBusy(error))).toEqual([]);
  reader.close();
  writer.close();
});

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return null;
}
