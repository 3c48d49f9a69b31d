import { writeFileSync } from 'node:fs';
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
});
