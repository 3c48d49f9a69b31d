import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Reaching, runningServer, serverOrLock } from '../../bin/cli/running-server.ts';
import { type DataFolder, dataFolder } from '../../bin/data-folder.ts';
import { removeAddresses, writeAddresses, writeStarting } from '../../bin/server/addresses.ts';
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

describe('a verb about views', () => {
  const PATIENT_MS = 20_000;
  const IMPATIENT_MS = 50;
  const reaching = (over: Partial<Reaching> = {}): Reaching => ({
    verb: 'parked list',
    withinMs: PATIENT_MS,
    say: () => undefined,
    ...over,
  });

  it('has the folder for itself where there is no server, under its name', async () => {
    const unlock = await serverOrLock(folder, reaching());
    await expect(acquireServerLock(folder.root)).rejects.toMatchObject({
      code: 'locked',
      message: `\`hindsight parked list\` (pid ${process.pid}) has ${folder.root}: try again when that has ended`,
    });
    if (typeof unlock === 'function') unlock();
    (await acquireServerLock(folder.root))();
  });

  it('is refused at once where another verb has it, which is named', async () => {
    const unlock = await acquireServerLock(folder.root, 'projections verify');
    const said: string[] = [];
    await expect(serverOrLock(folder, reaching({ say: (text) => said.push(text) }))).rejects.toThrow(
      `\`hindsight projections verify\` (pid ${process.pid}) has ${folder.root}`,
    );
    expect(said).toEqual([]);
    unlock();
  });

  it('waits for a server that starts, says so once, and asks it as soon as it listens', async () => {
    const unlock = await acquireServerLock(folder.root);
    const said: string[] = [];
    const say = (text: string): void => {
      said.push(text);
      writeStarting(folder, addresses);
    };
    expect(await serverOrLock(folder, reaching({ say }))).toEqual(addresses);
    expect(said).toEqual([`a server is starting on ${folder.root}: waiting until it can be asked`]);
    writeAddresses(folder, addresses);
    expect(existsSync(folder.starting)).toBe(false);
    expect(await serverOrLock(folder, reaching({ say }))).toEqual(addresses);
    removeAddresses(folder);
    unlock();
  });

  it('has the folder where a server that starts comes to its end', async () => {
    const unlock = await acquireServerLock(folder.root);
    const own = await serverOrLock(folder, reaching({ say: unlock }));
    expect(own).toBeTypeOf('function');
    if (typeof own === 'function') own();
  });

  it('waits no longer than it should for a server that cannot be asked', async () => {
    const unlock = await acquireServerLock(folder.root);
    await expect(serverOrLock(folder, reaching({ withinMs: IMPATIENT_MS }))).rejects.toMatchObject({
      code: 'locked',
      message: `a server (pid ${process.pid}) has ${folder.root}: stop it first`,
    });
    unlock();
  });
});
