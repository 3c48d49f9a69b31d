import { closeSync, openSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { expect, test } from 'vitest';
import { NO_STREAM, START, type StoreError } from '../../../events/event-store.ts';
import { openDatabase } from '../../../infra/sqlite/database.ts';
import { openEventLog, openSqliteEventStore } from '../../../infra/sqlite/event-store/index.ts';
import { appended, newEvent, newEvents } from '../../contracts/event-store/events.ts';
import { testFolder } from '../../support/folder.ts';

test('a connection for the log syncs every commit, on every Node', async () => {
  const database = await openDatabase({ file: `${testFolder()}/events.db`, synchronous: 'full' });
  database.exec('CREATE TABLE t (a INTEGER) STRICT; INSERT INTO t VALUES (1)');
  expect(database.prepare('PRAGMA synchronous', { arrays: true }).get()).toEqual([2]);
  expect(database.prepare('PRAGMA journal_mode', { arrays: true }).get()).toEqual(['wal']);
  expect(database.prepare('PRAGMA page_size', { arrays: true }).get()).toEqual([8_192]);
  database.close();
});

test('the epoch is short, and stays while the log does', async () => {
  const file = `${testFolder()}/events.db`;
  const first = await openSqliteEventStore({ file });
  expect(first.epoch).toMatch(/^[0-9a-z]{8}$/);
  await first.close();
  const second = await openSqliteEventStore({ file });
  expect(second.epoch).toBe(first.epoch);
  await second.close();
  const other = await openSqliteEventStore({ file: `${testFolder()}/events.db` });
  expect(other.epoch).not.toBe(first.epoch);
  await other.close();
});

test('a log of a newer version is refused, with what to do', async () => {
  const file = `${testFolder()}/events.db`;
  await (await openSqliteEventStore({ file })).close();
  const database = await openDatabase({ file, synchronous: 'full' });
  database.exec("UPDATE meta SET value = '2' WHERE key = 'schema'");
  database.close();
  await expect(openSqliteEventStore({ file })).rejects.toThrow(/schema version 2.*newer/);
  await expect(openEventLog({ file })).rejects.toThrow(/schema version 2/);
});

test('what is no database is refused', async () => {
  const folder = testFolder();
  writeFileSync(`${folder}/events.db`, 'This is a letter, not a database.'.repeat(500));
  await expect(openSqliteEventStore({ file: `${folder}/events.db` })).rejects.toMatchObject({ code: 'corrupt' });
  await expect(openEventLog({ file: `${folder}/none.db` })).rejects.toMatchObject({ code: 'unavailable' });
});

test('a full device refuses appends, keeps serving reads, and goes on once there is room', async () => {
  const file = `${testFolder()}/events.db`;
  const store = await openSqliteEventStore({ file, maxBytes: 1_024 * 1_024 });
  await store.save('chat-0', 0, 'x'.repeat(300_000));
  let revision = NO_STREAM;
  const fill = async (): Promise<void> => {
    for (;;) revision = (await appended(store.append('chat-1', revision, [newEvent('y'.repeat(20_000))]))).revision;
  };
  await expect(fill()).rejects.toMatchObject({ code: 'full', temporary: true });
  expect(await store.readStream('chat-1', { direction: 'backwards', limit: 1 })).toMatchObject([{ revision }]);
  const events = [newEvent('y'.repeat(20_000))];
  await expect(store.append('chat-1', revision, events)).rejects.toMatchObject({ code: 'full' });
  await freeSnapshots(file);
  expect(await store.append('chat-1', revision, events)).toMatchObject({ status: 'appended', revision: revision + 1 });
  await store.close();
});

test('another process that holds the log for too long makes appends busy, not lost', async () => {
  const file = `${testFolder()}/events.db`;
  const store = await openSqliteEventStore({ file, busyTimeoutMs: 50 });
  const other = await openDatabase({ file, synchronous: 'full' });
  other.exec('BEGIN IMMEDIATE');
  const events = newEvents(1);
  await expect(store.append('chat-1', NO_STREAM, events)).rejects.toMatchObject({ code: 'busy', temporary: true });
  other.exec('ROLLBACK');
  expect(await store.append('chat-1', NO_STREAM, events)).toMatchObject({ status: 'appended', revision: 0 });
  other.close();
  await store.close();
});

test('a damaged file is found at start, and stops a running store for good', async () => {
  const file = `${testFolder()}/events.db`;
  const first = await openSqliteEventStore({ file });
  let revision = NO_STREAM;
  for (let i = 0; i < 40; i++) revision = (await appended(first.append('chat-1', revision, newEvents(100)))).revision;
  await first.close();
  scribble(file);
  await expect(openSqliteEventStore({ file, verify: true })).rejects.toMatchObject({ code: 'corrupt' });

  const fatal: StoreError[] = [];
  const store = await openSqliteEventStore({ file, onFatal: (error) => fatal.push(error) });
  const follower = (async () => {
    for await (const batch of store.subscribe({ after: START, signal: new AbortController().signal })) {
      if (batch.events.length === 0) return;
    }
  })();
  const following = expect(follower).rejects.toMatchObject({ code: 'corrupt', temporary: false });
  await expect(store.append('chat-1', revision, newEvents(1))).rejects.toMatchObject({ code: 'unknown' });
  await following;
  expect(fatal).toHaveLength(1);
  await expect(store.append('chat-2', NO_STREAM, newEvents(1))).rejects.toMatchObject({ code: 'unavailable' });
  await store.close();
});

test('the write-ahead log stays bounded under load with readers', { timeout: 60_000 }, async () => {
  const file = `${testFolder()}/events.db`;
  const store = await openSqliteEventStore({ file });
  const controller = new AbortController();
  const reader = (async () => {
    for await (const batch of store.subscribe({ after: START, signal: controller.signal }))
      await store.readAll({ after: batch.position - 50, limit: 50 });
  })();
  const LARGE = 'z'.repeat(50_000);
  await Promise.all(
    Array.from({ length: 8 }, async (_, i) => {
      let revision = NO_STREAM;
      for (let k = 0; k < 22; k++) {
        const events = Array.from({ length: 10 }, () => newEvent(LARGE));
        revision = (await appended(store.append(`chat-${i}`, revision, events))).revision;
      }
    }),
  );
  controller.abort();
  await reader;
  // 88 MB were written.
  expect(statSync(file).size).toBeGreaterThan(40_000_000);
  expect(statSync(`${file}-wal`).size).toBeLessThan(32_000_000);
  await store.close();
});

test('snapshots keep the newest, and are there after a restart', async () => {
  const file = `${testFolder()}/events.db`;
  const store = await openSqliteEventStore({ file });
  expect(await store.load('chat-1')).toBeNull();
  await Promise.all([
    store.save('chat-1', 5, 'five'),
    store.save('chat-1', 9, 'nine'),
    store.save('chat-1', 7, 'seven'),
  ]);
  await store.save('chat-1', 8, 'eight');
  expect(await store.load('chat-1')).toEqual({ revision: 9, state: 'nine' });
  await store.close();
  const again = await openSqliteEventStore({ file });
  expect(await again.load('chat-1')).toEqual({ revision: 9, state: 'nine' });
  await again.close();
});

test('a log opened for reading follows the writer, at once where it is nudged', async () => {
  const file = `${testFolder()}/events.db`;
  const store = await openSqliteEventStore({ file });
  const log = await openEventLog({ file });
  const controller = new AbortController();
  const got = log.subscribe({ after: START, signal: controller.signal })[Symbol.asyncIterator]();
  const next = got.next();
  await appended(store.append('chat-1', NO_STREAM, newEvents(2)));
  log.nudge();
  expect((await next).value).toMatchObject({ position: 2, live: true });
  const later = got.next();
  await appended(store.append('chat-1', 1, newEvents(1)));
  expect((await later).value).toMatchObject({ position: 3, live: true, events: [{ revision: 2 }] });
  controller.abort();
  await log.close();
  await store.close();
});

async function freeSnapshots(file: string): Promise<void> {
  const database = await openDatabase({ file, synchronous: 'full' });
  database.exec('DELETE FROM snapshots');
  database.close();
}

/** Overwrites every page but the first few: tables are still known, what is in them is not. */
function scribble(file: string): void {
  const handle = openSync(file, 'r+');
  const { size } = statSync(file);
  for (let at = 8_192 * 12; at < size; at += 8_192) writeSync(handle, Buffer.alloc(8_192, 0xa5), 0, 8_192, at);
  closeSync(handle);
}
