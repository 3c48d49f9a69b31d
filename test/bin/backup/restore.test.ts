import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readManifest } from '../../../bin/cli/backup/manifest.ts';
import type { RestorePoint } from '../../../bin/cli/backup/point.ts';
import { backedUpPages } from '../../../bin/cli/backup/read.ts';
import { takeBackup } from '../../../bin/cli/backup/take.ts';
import { compareWithLog } from '../../../bin/cli/backup/verify.ts';
import { migrateLog } from '../../../bin/migrate/migrate.ts';
import { type EventLog, type RecordedEvent, START } from '../../../events/event-store.ts';
import { openEventStoreDb } from '../../../infra/eventstoredb/event-store.ts';
import { startStandIn } from '../../../infra/eventstoredb/stand-in/index.ts';
import { openEventLog, openSqliteEventStore } from '../../../infra/sqlite/event-store/index.ts';
import { restoreEventLog } from '../../../infra/sqlite/event-store/restore.ts';
import { appended, newEvents } from '../../contracts/event-store/events.ts';
import { testFolder } from '../../support/folder.ts';
import { openBackedUp } from './world.ts';

const all = (log: EventLog): Promise<RecordedEvent[]> => log.readAll({ after: START, limit: 1e6 });

test('a restore up to a position or a time holds exactly the events until then, under a new epoch', async () => {
  const folder = testFolder();
  let now = 5_000;
  const { store, out, take, append } = await openBackedUp(folder, () => now);
  for (let i = 0; i < 300; i++) {
    await append(`chat-${i % 7}`, 9);
    now += i % 5 === 4 ? -3 : 2;
    if (i === 150) await take();
  }
  await store.save('chat-1', 100, 'state');
  const { manifest } = await take();
  const events = await all(store);
  const restored = async (name: string, until: RestorePoint | null) => {
    const to = join(folder, name);
    const { epoch } = await restoreEventLog({ to, pages: backedUpPages(out, manifest, until) });
    expect(epoch).not.toBe(store.epoch);
    return openSqliteEventStore({ file: to, verify: true });
  };

  const part = await restored('part.db', { epoch: store.epoch, position: 1_234 });
  expect(await all(part)).toEqual(events.slice(0, 1_234));
  expect(await part.load('chat-1')).toBeNull();
  const time = 5_060;
  const firstLater = events.findIndex((event) => event.recordedAt > time);
  expect(firstLater).toBeGreaterThan(0);
  expect(await part.positionBefore(time + 1)).toBe(firstLater);
  // It is a log like any other: streams go on where they were cut.
  const [last] = await part.readStream('chat-2', { direction: 'backwards', limit: 1 });
  expect(await appended(part.append('chat-2', last?.revision ?? 0, newEvents(2)))).toMatchObject({ position: 1_236 });

  const timed = await restored('timed.db', { time });
  expect(await all(timed)).toEqual(events.slice(0, firstLater));
  for (const log of [part, timed, store]) await log.close();
});

test('what lies before a damage can be had, and no more', async () => {
  const folder = testFolder();
  const { store, out, take, append } = await openBackedUp(folder);
  await append('chat-1', 30);
  await take();
  await append('chat-1', 30);
  const { manifest } = await take();
  const second = join(out, 'segments/000002.ndjson');
  const lines = readFileSync(second, 'utf8').split('\n');
  writeFileSync(second, lines.with(9, (lines[9] ?? '').replace('Tested', 'Forged')).join('\n'));
  const restore = (name: string, position: number) => {
    const pages = backedUpPages(out, manifest, { epoch: store.epoch, position });
    return restoreEventLog({ to: join(folder, name), pages });
  };
  for (const position of [10, 30, 38])
    expect(await restore(`${position}.db`, position)).toMatchObject({ events: position });
  const damage = 'segments/000002.ndjson line 10: position 40, chat-1 revision 39, was changed (after position 39)';
  for (const position of [40, 50]) {
    await expect(restore('none.db', position)).rejects.toMatchObject({
      code: 'corrupt',
      message: `the backup is damaged: ${damage}`,
    });
  }
  expect(existsSync(join(folder, 'none.db'))).toBe(false);
  await store.close();
});

test('a restored log has no gap, and takes the place of none', async () => {
  const folder = testFolder();
  const { store, file, append } = await openBackedUp(folder);
  await append('chat-1', 5);
  const events = await all(store);
  await store.close();
  async function* pages(of: RecordedEvent[]): AsyncGenerator<RecordedEvent[]> {
    yield of;
  }
  await expect(restoreEventLog({ to: file, pages: pages(events) })).rejects.toThrow('is there already');
  const to = join(folder, 'restored.db');
  await expect(restoreEventLog({ to, pages: pages(events.toSpliced(2, 1)) })).rejects.toMatchObject({
    code: 'corrupt',
    message: 'chat-1 goes on with revision 3 after 1',
  });
  await expect(restoreEventLog({ to, pages: pages(events.slice(1)) })).rejects.toMatchObject({ code: 'corrupt' });
  expect(await restoreEventLog({ to, pages: pages(events) })).toMatchObject({ events: 5 });
});

test('a backup of one kind of log is restored into the other, and back', async () => {
  const folder = testFolder();
  const embedded = await openBackedUp(folder);
  for (let n = 0; n < 40; n++) await embedded.append(`chat-${n % 7}`, 1 + (n % 40));
  await embedded.take();
  const servers = await Promise.all(
    [1, 2].map((n) => startStandIn({ file: join(folder, `server-${n}.db`), stride: 1_000 })),
  );
  const [one, other] = await Promise.all(servers.map(({ url }) => openEventStoreDb({ url, heartbeat: null })));
  if (!one || !other) throw new Error('two were opened');

  const until = await embedded.store.head();
  await migrateLog({ source: embedded.store, target: one, until });
  const out = join(folder, 'of-the-cluster');
  const accounts = async (): Promise<string[]> => [];
  const taken = await takeBackup(out, { log: one, accounts, segmentBytes: 1 });
  expect(taken.manifest).toMatchObject({ epoch: one.epoch, events: until });
  const manifest = await readManifest(out);
  const check = { folder: out, manifest, onProgress: () => undefined };
  const nothing = { count: 0, first: [] };
  expect(await compareWithLog(one, check)).toEqual({ sameEpoch: true, same: until, differences: nothing });

  const to = join(folder, 'restored.db');
  await restoreEventLog({ to, pages: backedUpPages(out, manifest, null) });
  const back = await openEventLog({ file: to });
  expect((await all(back)).map(({ position }) => position)).toEqual(Array.from({ length: until }, (_, n) => n + 1));
  expect(await compareWithLog(back, check)).toEqual({ sameEpoch: false, same: until, differences: nothing });
  await migrateLog({ source: back, target: other, until });
  expect(await compareWithLog(other, check)).toEqual({ sameEpoch: false, same: until, differences: nothing });
  // What a cluster goes on with is added to its backup as well.
  await appended(one.append('chat-new', -1, newEvents(3)));
  expect(await takeBackup(out, { log: one, accounts })).toMatchObject({ added: 3 });

  await back.close();
  for (const open of [one, other, embedded.store, ...servers]) await open.close();
});

test('a log that differs from a backup of it is told event by event', async () => {
  const { store, out, take, append } = await openBackedUp(testFolder());
  await append('chat-1', 20);
  const { manifest } = await take();
  await append('chat-1', 3);
  const change = (of: RecordedEvent[]): RecordedEvent[] =>
    of
      .filter(({ position }) => position !== 7)
      .map((event) => (event.position === 4 ? { ...event, data: '{}' } : event))
      .map((event) => (event.position === 9 ? { ...event, stream: 'chat-2' } : event));
  const forged: EventLog = { ...store, readAll: async (page) => change(await store.readAll(page)) };
  const compared = await compareWithLog(forged, { folder: out, manifest, onProgress: () => undefined });
  expect(compared).toMatchObject({
    same: 17,
    differences: {
      count: 3,
      first: [
        { stream: 'chat-1', revision: 3, position: 4, what: 'data' },
        { stream: 'chat-1', revision: 6, position: 7, what: 'not-in-the-log' },
        { stream: 'chat-1', revision: 8, position: 9, what: 'position' },
      ],
    },
  });
  await store.close();
});
