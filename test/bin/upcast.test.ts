import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSqliteEventStore } from '../../infra/sqlite/event-store/index.ts';
import type { DryRun } from '../../queries/upcasting/index.ts';
import { goldenEvent } from '../events/golden-files.ts';
import { cliHere } from '../support/cli-here.ts';
import { temporaryFolders } from '../support/temporary-folders.ts';

const folders = temporaryFolders();
const data = folders.folder();
const trial = join(data, 'upcasters.ts');

beforeAll(async () => {
  const store = await openSqliteEventStore({ file: join(data, 'events.db') });
  const { stream, eventId, type, data: said, metadata } = goldenEvent('chat/MessageDeleted.v1');
  await store.append(stream, -1, [{ eventId, type, data: said, metadata }]);
  await store.close();
  writeFileSync(
    trial,
    `interface Deleted { rev: number }
     export const upcasters = { MessageDeleted: { 1: (data: Deleted) => ({ ...data, rev: String(data.rev) }) } };
     const isText = (value: unknown): boolean => typeof value === 'string';
     export const schemas = { MessageDeleted: { safeParse: (data: Deleted) => ({ success: isText(data.rev) }) } };`,
  );
});
afterAll(folders.remove);

const run = (...args: string[]) => cliHere(['events', 'upcast', '--dry-run', '--data', data, ...args]);

test('a log is read as the program reads it', async () => {
  const { code, stdout } = await run();
  expect(code).toBe(0);
  expect(stdout).toMatch(/chat +MessageDeleted +1 +1 +what its schema says/);
});

test('a file with upcasters and schemas is tried on it', async () => {
  const { code, stdout } = await run('--with', trial);
  expect(code).toBe(0);
  expect(stdout).toMatch(/MessageDeleted +1 → 2 +1/);
  expect(stdout).toMatch(/before \{.*"rev":\d+\}\n {2}after {2}\{.*"rev":"\d+"\}/);
  const { rows } = JSON.parse((await run('--with', trial, '--json')).stdout) as DryRun;
  expect(rows).toMatchObject([
    { type: 'MessageDeleted', becomes: 2, upcast: 1, undecodable: 0 },
    { type: 'EventsRead', becomes: 1 }, // that the examples were shown is recorded
  ]);
});

test('what a file makes that its own schema refuses ends with 1, and says where', async () => {
  const wrong = join(data, 'wrong.ts');
  writeFileSync(
    wrong,
    `export const upcasters = { MessageDeleted: { 1: (data: object) => data } };
     export const schemas = { MessageDeleted: { safeParse: () => ({ success: false, error: { message: 'no rev' } }) } };`,
  );
  const { code, stdout } = await run('--with', wrong);
  expect(code).toBe(1);
  expect(stdout).toContain('revision 0: no rev');
});

test('a type is known to the program, to the log or to the trial, or refused', async () => {
  const { code, stderr } = await run('--type', 'MessageDeleted,MessageDeletd');
  expect([code, stderr]).toEqual([2, expect.stringContaining('no event is called MessageDeletd')]);
  expect((await run('--type', 'MessageEdited')).code).toBe(0);
  writeFileSync(join(data, 'coming.ts'), 'export const upcasters = { MessageDeletd: {} };');
  expect((await run('--type', 'MessageDeletd', '--with', join(data, 'coming.ts'))).code).toBe(0);
});

test.each([
  ['a file that exports no upcasters', 1, 'exports no `upcasters`'],
  ['a number of examples that is none', 2, '--examples'],
])('%s is refused', async (what, code, message) => {
  const empty = join(data, 'empty.ts');
  writeFileSync(empty, 'export {};');
  const refused = code === 1 ? await run('--with', empty) : await run('--examples', 'many');
  expect([what, refused.code]).toEqual([what, code]);
  expect(refused.stderr).toContain(message);
});
