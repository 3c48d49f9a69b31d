import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runningServer } from '../../bin/cli/running-server.ts';
import { type DataFolder, dataFolder } from '../../bin/data-folder.ts';
import { acquireServerLock } from '../../infra/sqlite/event-store/index.ts';

let folder: DataFolder;
const addresses = { http: 'http://127.0.0.1:1', gateway: 'ws://127.0.0.1:2', pid: process.pid };
beforeEach(() => {
  folder = dataFolder(mkdtempSync(join(tmpdir(), 'hindsight-running-')));
});
afterEach(() => rmSync(folder.root, { recursive: true, force: true }));

it('is the one that holds the lock of the data folder', async () => {
  expect(await runningServer(folder)).toBeNull();
  const unlock = await acquireServerLock(folder.root);
  expect(await runningServer(folder)).toBeNull(); // not ready yet
  writeFileSync(folder.addresses, JSON.stringify(addresses));
  expect(await runningServer(folder)).toEqual(addresses);
  unlock();
});

it('is not the program that has the pid of a killed one by now', async () => {
  writeFileSync(folder.addresses, JSON.stringify(addresses));
  expect(await runningServer(folder)).toBeNull();
  (await acquireServerLock(folder.root))();
  expect(await runningServer(folder)).toBeNull();
  (await acquireServerLock(folder.root))(); // having looked keeps nobody out
});
