import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readManifest } from '../../../bin/cli/backup/manifest.ts';
import { backedUpPages } from '../../../bin/cli/backup/read.ts';
import { takeBackup } from '../../../bin/cli/backup/take.ts';
import { compareWithLog, verifyBackup } from '../../../bin/cli/backup/verify.ts';
import { type RecordedEvent, START } from '../../../events/event-store.ts';
import { openEventLog } from '../../../infra/sqlite/event-store/index.ts';
import { restoreEventLog } from '../../../infra/sqlite/event-store/restore.ts';
import { testFolder } from '../../support/folder.ts';
import { openBackedUp } from './world.ts';

const nothing = { count: 0, first: [] };
const onProgress = (): void => undefined;

async function backedUp(out: string): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const page of backedUpPages(out, await readManifest(out), null)) events.push(...page);
  return events;
}

test('taken again and again while others write, it goes on each time, and is what the log says', async () => {
  const folder = testFolder();
  const { store, out, take, append } = await openBackedUp(folder);
  let writing = true;
  const write = async (): Promise<void> => {
    for (let n = 0; writing; n++) await append(`chat-${n % 13}`, 1 + (n % 7));
  };
  const writer = write();
  let events = 0;
  for (let round = 0; round < 4; round++) {
    const before = await store.head();
    const { manifest, added } = await take();
    expect(manifest).toMatchObject({ run: round + 1, events: events + added });
    expect(manifest.events).toBeGreaterThanOrEqual(before);
    events = manifest.events;
    expect(await verifyBackup(out, manifest, onProgress)).toEqual({ damage: nothing, gaps: nothing, accounts: null });
    expect(await compareWithLog(store, { folder: out, manifest, onProgress })).toEqual({
      sameEpoch: true,
      same: events,
      differences: nothing,
    });
    while ((await store.head()) < events + 50) await new Promise((resolve) => setImmediate(resolve));
  }
  writing = false;
  await writer;
  const { manifest, added } = await take();
  expect(added).toBe((await store.head()) - events);
  expect(await backedUp(out)).toEqual(await store.readAll({ after: START, limit: 1e6 }));
  expect(readdirSync(out).toSorted()).toEqual(['accounts-5.ndjson', 'backup.lock', 'manifest.json', 'segments']);

  const to = join(folder, 'restored.db');
  const restored = await restoreEventLog({ to, pages: backedUpPages(out, manifest, null) });
  const copy = await openEventLog({ file: to });
  expect(restored).toEqual({ epoch: copy.epoch, events: manifest.events });
  expect(copy.epoch).not.toBe(store.epoch);
  expect(await copy.readAll({ after: START, limit: 1e6 })).toEqual(await store.readAll({ after: START, limit: 1e6 }));
  expect(await compareWithLog(copy, { folder: out, manifest, onProgress })).toEqual({
    sameEpoch: false,
    same: manifest.events,
    differences: nothing,
  });
  await copy.close();
  await store.close();
});

test('one of an empty log goes on too', async () => {
  const { store, out, take, append } = await openBackedUp(testFolder());
  expect((await take()).manifest).toMatchObject({ events: 0, segments: [] });
  await append('chat-1', 3);
  expect(await take()).toMatchObject({ added: 3, manifest: { events: 3, run: 2 } });
  expect(await backedUp(out)).toHaveLength(3);
  await store.close();
});

test('a run that fails leaves the backup as it was before, and the next goes on', async () => {
  const { store, out, take, append } = await openBackedUp(testFolder());
  const failing = (): Promise<string[]> => Promise.reject(new Error('no accounts'));
  await append('chat-1', 5);
  await expect(takeBackup(out, { log: store, accounts: failing })).rejects.toThrow('no accounts');
  expect(readdirSync(join(out, 'segments'))).toEqual([]);
  const { manifest } = await take();
  await append('chat-1', 5);
  await expect(takeBackup(out, { log: store, accounts: failing })).rejects.toThrow('no accounts');
  expect(await readManifest(out)).toEqual(manifest);
  // What a killed one leaves.
  writeFileSync(join(out, 'segments/000002.ndjson'), 'of no manifest');
  writeFileSync(join(out, 'segments/000003.ndjson.partial'), 'half');
  writeFileSync(join(out, 'accounts-2.ndjson'), 'half');
  expect(await take()).toMatchObject({ added: 5, manifest: { run: 2 } });
  expect(await backedUp(out)).toEqual(await store.readAll({ after: START, limit: 100 }));
  await store.close();
});

test('a log that cannot be read any more ends it, and leaves nothing open', async () => {
  const { store, out, append } = await openBackedUp(testFolder());
  await append('chat-1', 2_500);
  let pages = 0;
  const failing: typeof store = {
    ...store,
    readAll: async (page) => (++pages > 2 ? Promise.reject(new Error('torn')) : store.readAll(page)),
  };
  await expect(takeBackup(out, { log: failing, accounts: async () => [] })).rejects.toThrow('torn');
  expect(readdirSync(join(out, 'segments'))).toEqual([]);
  await store.close();
});

test('two at once into one folder: the second is refused', async () => {
  const { store, out, take, append } = await openBackedUp(testFolder());
  await append('chat-1', 5);
  const slow = takeBackup(out, {
    log: store,
    accounts: async () => {
      await expect(take()).rejects.toMatchObject({ code: 'locked' });
      return [];
    },
  });
  expect((await slow).manifest.events).toBe(5);
  await store.close();
});

test('it goes on only with the same log, and only where the log still holds what was backed up', async () => {
  const folder = testFolder();
  const { store, out, take, append } = await openBackedUp(folder);
  await append('chat-1', 5);
  const { manifest } = await take();
  const to = join(folder, 'restored.db');
  await restoreEventLog({ to, pages: backedUpPages(out, manifest, null) });
  const restored = await openEventLog({ file: to });
  const accounts = async (): Promise<string[]> => [];
  await expect(takeBackup(out, { log: restored, accounts })).rejects.toMatchObject({ code: 'epoch-changed' });
  const forged = { ...store, readStream: async () => [] };
  await expect(takeBackup(out, { log: forged, accounts })).rejects.toMatchObject({ code: 'corrupt' });
  writeFileSync(join(out, 'segments/000001.ndjson'), 'x');
  await expect(take()).rejects.toMatchObject({ code: 'corrupt' });
  expect(await readManifest(out)).toEqual(manifest);
  rmSync(out, { recursive: true });
  writeFileSync(join(folder, 'mine.txt'), 'x');
  await expect(takeBackup(folder, { log: store, accounts })).rejects.toMatchObject({ code: 'not-empty' });
  expect(readdirSync(folder).filter((name) => name.startsWith('segments') || name.startsWith('backup'))).toEqual([]);
  await restored.close();
  await store.close();
});
