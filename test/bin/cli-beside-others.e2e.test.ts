import { existsSync, rmSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type DataFolder, dataFolder } from '../../bin/data-folder.ts';
import { type Database, openDatabase } from '../../infra/sqlite/database.ts';
import { acquireServerLock } from '../../infra/sqlite/event-store/index.ts';
import { hindsight, hindsightJson } from '../support/cli.ts';
import { launchServer, temporaryFolder } from '../support/server-process.ts';

const WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 20;

let folder: DataFolder;
beforeEach(async () => {
  folder = dataFolder(temporaryFolder());
  const options = { data: folder.root, stdin: 'correct horse battery' };
  await hindsightJson(['user', 'create', 'ada', '--password-stdin'], options);
});
afterEach(() => rmSync(folder.root, { recursive: true, force: true }));

/** Nobody else can write to it as long. */
async function held(file: string): Promise<Database> {
  const database = await openDatabase({ file, synchronous: 'normal' });
  database.exec('BEGIN IMMEDIATE');
  return database;
}

async function there(file: string): Promise<void> {
  const deadline = performance.now() + WITHIN_MS;
  while (!existsSync(file)) {
    if (performance.now() > deadline) throw new Error(`${file} did not come`);
    await pause(LOOK_EVERY_MS);
  }
}

it('beside a server that is not up yet verbs about views ask that server', { timeout: 2 * WITHIN_MS }, async () => {
  const { root: data } = folder;
  await hindsightJson(['projections', 'list'], { data });
  const views = await held(folder.views);
  const { ready } = launchServer({ data });
  await there(folder.starting);
  expect(existsSync(folder.addresses)).toBe(false);
  const listed = () => hindsightJson<{ projections: { lagEvents: number }[] }>(['projections', 'list'], { data });
  expect((await listed()).projections.filter(({ lagEvents }) => lagEvents > 0)).toHaveLength(4);
  const { checks } = JSON.parse((await hindsight(['doctor', '--json'], { data })).stdout) as {
    checks: { name: string; state: string; detail: string }[];
  };
  expect(checks.find(({ name }) => name === 'server')).toMatchObject({
    state: 'note',
    detail: expect.stringContaining('starting'),
  });
  views.close();
  const server = await ready;
  expect(server.output()).toContain('The views are catching up with the log: 0 of ');
  expect(existsSync(folder.starting)).toBe(false);
  expect((await listed()).projections.filter(({ lagEvents }) => lagEvents === 0)).toHaveLength(4);
  expect(await server.stop()).toBe(0);
});

it('beside a verb that has the folder they are refused, are told by which, and nothing is recorded', async () => {
  const { root: data } = folder;
  const unlock = await acquireServerLock(data, 'projections verify');
  const refused = await hindsight(['projections', 'rebuild', 'all', '--json'], { data });
  expect([refused.code, JSON.parse(refused.stdout)]).toEqual([
    1,
    {
      error: {
        code: 'locked',
        message: `\`hindsight projections verify\` (pid ${process.pid}) has ${data}: try again when that has ended`,
      },
    },
  ]);
  unlock();
  expect(await hindsightJson(['ops', 'log', '--area', 'projections'], { data })).toEqual({ entries: [] });
});

it('views that no statement fits are said to be damaged, in one line', async () => {
  const { root: data } = folder;
  await hindsightJson(['projections', 'list'], { data });
  const views = await openDatabase({ file: folder.views, synchronous: 'normal' });
  views.exec('ALTER TABLE members_chats RENAME COLUMN kind TO sort');
  views.close();
  const { code, stderr } = await hindsight(['projections', 'verify', 'all'], { data });
  expect([code, stderr]).toEqual([
    1,
    'hindsight: views.db is damaged (no such column: kind): delete it, and it is built again from the log\n',
  ]);
});
