import { closeSync, mkdirSync, openSync, rmdirSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ProjectionReport, startProjections } from '../../bin/embedded/projections/start.ts';
import type { RecordedEvent } from '../../events/event-store.ts';
import { openDatabase } from '../../infra/sqlite/database.ts';
import { openSqliteEventStore, type SqliteEventStore } from '../../infra/sqlite/event-store/index.ts';
import { openViews } from '../../infra/sqlite/views/open-views.ts';
import { deterministicUuid } from '../../infra/system/ids.ts';
import { testFolder } from '../support/folder.ts';
import { randomLog } from '../support/random-log.ts';

const LOG = randomLog({ seed: 31, events: 400 });

/** Appends events as they lie in a log, each to its stream; resolves with the position of the last one. */
async function append(store: SqliteEventStore, events: readonly RecordedEvent[]): Promise<number> {
  let position = 0;
  for (const { stream, revision, eventId, type, data, metadata } of events) {
    const event = { eventId: deterministicUuid('test', eventId), type, data, metadata };
    const result = await store.append(stream, revision - 1, [event]);
    if (result.status !== 'appended') throw new Error(`${stream} is at ${result.actual}`);
    position = result.position;
  }
  return position;
}

async function start() {
  const folder = testFolder();
  const files = { eventsFile: join(folder, 'events.db'), viewsFile: join(folder, 'views.db') };
  const store = await openSqliteEventStore({ file: files.eventsFile });
  const reports: ProjectionReport[] = [];
  const failures: Error[] = [];
  const open = () =>
    startProjections({
      ...files,
      report: (report) => reports.push(report),
      onFailure: (error) => failures.push(error),
    });
  return { ...files, store, reports, failures, open };
}

const WITHIN_MS = 20_000;

/** Every page but the first becomes garbage, under connections that are open: they see it as somebody else's commit. */
async function spoil(viewsFile: string): Promise<void> {
  const other = await openDatabase({ file: viewsFile, synchronous: 'normal' });
  other.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  const [{ page_size: page } = { page_size: 0 }] = other.prepare<{ page_size: number }>('PRAGMA page_size').all();
  const file = openSync(viewsFile, 'r+');
  writeSync(file, Buffer.alloc(statSync(viewsFile).size - page, 0xff), 0, undefined, page);
  closeSync(file);
  const [{ user_version: version } = { user_version: 0 }] = other
    .prepare<{ user_version: number }>('PRAGMA user_version')
    .all();
  other.exec(`PRAGMA user_version = ${version}`);
  other.close();
}

describe('projections in their thread', () => {
  it('take in what is appended, tell how far they are, and answer the operator', async () => {
    const { store, viewsFile, open, failures } = await start();
    const projections = await open();
    const views = openViews(viewsFile);
    const half = await append(store, LOG.events.slice(0, 200));
    projections.nudge(half);
    expect(await projections.progress.reached(half, WITHIN_MS)).toBe(true);
    expect(projections.progress.lagMs()).toBe(0);
    const end = await append(store, LOG.events.slice(200));
    projections.nudge(end);
    expect(await projections.progress.reached(end, WITHIN_MS)).toBe(true);
    for (const { chatId, events } of LOG.chats) expect(await views.chatHistory.head(chatId)).toBe(events.length);
    expect(await projections.admin.list()).toHaveLength(4);
    expect(await projections.admin.rebuild('nothing')).toMatchObject({ ok: false, rejection: { code: 'not-found' } });
    expect(await projections.progress.reached(end + 1, 10)).toBe(false);
    views.close();
    await projections.close();
    await store.close();
    expect(failures).toEqual([]);
  });

  it('follow other processes without a nudge', async () => {
    const { store, open } = await start();
    const projections = await open();
    const end = await append(store, LOG.events.slice(0, 50));
    expect(await projections.progress.reached(end, WITHIN_MS)).toBe(true);
    await projections.close();
    await store.close();
  });

  it('are behind while the views are locked, say so, and come back; the log takes appends all the while', async () => {
    const { store, viewsFile, open, reports, failures } = await start();
    await append(store, LOG.events.slice(0, 50));
    const projections = await open();
    expect(await projections.progress.reached(await store.head(), WITHIN_MS)).toBe(true);
    const other = await openDatabase({ file: viewsFile, synchronous: 'normal' });
    other.exec('BEGIN IMMEDIATE');
    const end = await append(store, LOG.events.slice(50, 100));
    projections.nudge(end);
    expect(await projections.progress.reached(end, 300)).toBe(false);
    expect(projections.progress.lagMs()).toBeGreaterThan(200);
    other.exec('COMMIT');
    other.close();
    expect(await projections.progress.reached(end, WITHIN_MS)).toBe(true);
    expect(reports.filter(({ kind }) => kind === 'parked')).toEqual([]);
    await projections.close();
    await store.close();
    expect(failures).toEqual([]);
  });

  it('are behind by a view that is paused, and not for those who ask what follows', async () => {
    const { store, open } = await start();
    const projections = await open();
    await projections.admin.pause('users');
    const user = LOG.events.findIndex(({ stream }) => stream.startsWith('user-'));
    const end = await append(store, LOG.events.slice(0, Math.max(200, user + 1)));
    projections.nudge(end);
    await expect.poll(projections.followingLagMs, { timeout: WITHIN_MS }).toBe(0);
    expect((await projections.admin.list()).map(({ name, lagEvents }) => [name, lagEvents > 0])).toEqual([
      ['chat-history', false],
      ['user-chats', false],
      ['members', false],
      ['users', true],
    ]);
    expect(projections.progress.lagMs()).toBeGreaterThan(0);
    await projections.admin.resume('users');
    expect(await projections.progress.reached(end, WITHIN_MS)).toBe(true);
    expect(projections.progress.lagMs()).toBe(0);
    await projections.close();
    await store.close();
  });

  it('cannot be asked while the views cannot be opened, and go on when they can', async () => {
    const { store, viewsFile, open, reports, failures } = await start();
    const end = await append(store, LOG.events.slice(0, 50));
    mkdirSync(viewsFile);
    const projections = await open();
    await expect(projections.admin.list()).rejects.toMatchObject({ code: 'unavailable', temporary: true });
    expect(reports[0]).toMatchObject({ kind: 'store-fault', fault: 'temporary' });
    rmdirSync(viewsFile);
    expect(await projections.progress.reached(end, WITHIN_MS)).toBe(true);
    expect(await projections.admin.list()).toHaveLength(4);
    await projections.close();
    await store.close();
    expect(failures).toEqual([]);
  });

  it('build views afresh where the file is garbage, under readers that are open already', async () => {
    const { store, viewsFile, open, reports } = await start();
    const end = await append(store, LOG.events);
    const views = openViews(viewsFile);
    await expect(views.users.user('x')).rejects.toMatchObject({ code: 'unavailable', temporary: true });
    writeFileSync(viewsFile, 'no database at all'.repeat(1_000));
    const projections = await open();
    expect(await projections.progress.reached(end, WITHIN_MS)).toBe(true);
    expect(reports).toContainEqual({ kind: 'views-discarded', why: expect.any(String) });
    const [chat] = LOG.chats;
    expect(await views.chatHistory.head(chat?.chatId ?? '')).toBe(chat?.events.length);
    views.close();
    await projections.close();
    await store.close();
  });

  it('build views afresh that are damaged while they run, under readers that are open', async () => {
    const { store, viewsFile, open, reports, failures } = await start();
    const projections = await open();
    projections.nudge(await append(store, LOG.events.slice(0, 300)));
    expect(await projections.progress.reached(await store.head(), WITHIN_MS)).toBe(true);
    const views = openViews(viewsFile);
    const [chat] = LOG.chats;
    await views.chatHistory.head(chat?.chatId ?? '');
    await spoil(viewsFile);
    const end = await append(store, LOG.events.slice(300));
    projections.nudge(end);
    expect(await projections.progress.reached(end, WITHIN_MS)).toBe(true);
    expect(reports).toContainEqual({ kind: 'store-fault', fault: 'corrupt', error: expect.any(String) });
    expect(await projections.admin.list()).toMatchObject([{ state: 'live' }, {}, {}, {}]);
    await expect.poll(() => views.chatHistory.head(chat?.chatId ?? '').catch(() => null)).toBe(chat?.events.length);
    views.close();
    await projections.close();
    await store.close();
    expect(failures).toEqual([]);
  });

  it('say that the views are locked to whoever asks for something meanwhile', async () => {
    const { store, viewsFile, open } = await start();
    await append(store, LOG.events.slice(0, 50));
    const projections = await open();
    expect(await projections.progress.reached(await store.head(), WITHIN_MS)).toBe(true);
    const other = await openDatabase({ file: viewsFile, synchronous: 'normal' });
    other.exec('BEGIN IMMEDIATE');
    await expect(projections.admin.pause('users')).rejects.toMatchObject({ code: 'busy', temporary: true });
    other.exec('COMMIT');
    other.close();
    expect(await projections.admin.pause('users')).toMatchObject({ ok: true });
    await projections.close();
    await store.close();
  });

  it('answer whoever asks while they are closed, and after it', async () => {
    const { store, open } = await start();
    const projections = await open();
    const closing = projections.close();
    const [asked] = await Promise.allSettled([projections.admin.list(), closing]);
    expect(['fulfilled', 'rejected']).toContain(asked.status);
    const closed = { code: 'closed', temporary: false };
    await expect(projections.admin.list()).rejects.toMatchObject(closed);
    await store.close();
  });
});
