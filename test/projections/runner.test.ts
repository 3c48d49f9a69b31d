import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RecordedEvent } from '../../events/event-store.ts';
import { openDatabase } from '../../infra/sqlite/database.ts';
import { openViews } from '../../infra/sqlite/views/open-views.ts';
import { arrayLog, recorded } from '../support/array-log.ts';
import { testFolder } from '../support/folder.ts';
import { randomLog } from '../support/random-log.ts';
import { startRunner, type TestRunner } from '../support/views.ts';
import { jobDone } from './jobs.ts';

const LOG = randomLog({ seed: 21, events: 200 });
const last = (events: readonly RecordedEvent[]): RecordedEvent => events.at(-1) as RecordedEvent;

async function states({ runner }: TestRunner) {
  return Object.fromEntries((await runner.admin.list()).map((state) => [state.name, state]));
}

/** Until a condition holds; turns of the event loop go by in between. */
async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await new Promise(setImmediate);
}

describe('order', () => {
  it('parks a chat, and no other, at an event that cannot follow', async () => {
    const gap = LOG.events.findIndex((event) => event.stream.startsWith('chat-') && event.revision === 4);
    const events = LOG.events.filter((_, index) => index !== gap);
    const stream = LOG.events[gap]?.stream;
    const running = await startRunner({ log: arrayLog(events), folder: testFolder() });
    await running.caughtUp();
    const parked = running.runner.parking.list();
    expect(parked.map(({ group }) => group)).toEqual(['chat-history', 'members', 'user-chats']);
    for (const event of parked) {
      expect(event).toMatchObject({ stream, revision: 5, error: expect.stringContaining('seq 6 cannot follow 4') });
    }
    expect(running.reports.filter(({ kind }) => kind === 'parked')).toHaveLength(3);
    expect(Object.values(await states(running)).map(({ state }) => state)).toEqual(['live', 'live', 'live', 'live']);
    await running.close();
  });

  it('drops an event that comes again', async () => {
    const twice = LOG.events.flatMap((event) => (event.revision % 7 === 3 ? [event, event] : [event]));
    const events = twice.map((event, index) => ({ ...event, position: index + 1 }));
    const running = await startRunner({ log: arrayLog(events), folder: testFolder() });
    await running.caughtUp();
    expect(Object.values(await states(running)).map(({ state }) => state)).toEqual(['live', 'live', 'live', 'live']);
    await running.close();
  });
});

describe('events that no view knows', () => {
  it('are counted and reported once, and move every view on', async () => {
    const chat = LOG.chats[0];
    const actor = '01HZZZZZZZV000000000000001';
    const end = last(LOG.events).position;
    const poll = { type: 'PollOpened', data: { question: 'when?' } };
    const stream = `chat-${chat?.chatId}`;
    const revision = chat?.view.seq ?? 0;
    const log = arrayLog([
      ...LOG.events,
      recorded(stream, { position: end + 1, revision, actor }, poll),
      recorded(stream, { position: end + 2, revision: revision + 1, actor }, poll),
      recorded(
        'config-limits',
        { position: end + 3, revision: 0, actor },
        { type: 'ConfigurationChanged', data: { values: {} } },
      ),
    ]);
    const folder = testFolder();
    const running = await startRunner({ log, folder });
    await running.caughtUp();
    expect(running.runner.unknown()).toEqual(new Map([['PollOpened', 2]]));
    expect(running.reports.filter(({ kind }) => kind === 'unknown-event')).toHaveLength(1);
    expect(Object.values(await states(running)).map(({ lagEvents }) => lagEvents)).toEqual([0, 0, 0, 0]);
    const views = openViews(join(folder, 'views.db'));
    expect(await views.chatHistory.head(chat?.chatId ?? '')).toBe(revision + 2);
    views.close();
    await running.close();
  });
});

describe('the operator', () => {
  it('pauses and resumes a view, also across a restart', async () => {
    const folder = testFolder();
    const log = arrayLog(LOG.events.slice(0, 150));
    const first = await startRunner({ log, folder });
    await first.caughtUp();
    expect(await first.runner.admin.pause('members')).toMatchObject({ ok: true, value: { state: 'paused' } });
    log.events.push(...LOG.events.slice(150));
    first.runner.nudge();
    await until(async () => (await states(first)).users?.lagEvents === 0);
    expect((await states(first)).members).toMatchObject({ state: 'paused' });
    await first.close();
    const second = await startRunner({ log, folder });
    expect((await states(second)).members).toMatchObject({ state: 'paused' });
    expect((await states(second)).members?.lagEvents).toBeGreaterThan(0);
    await second.runner.admin.resume('members');
    await second.caughtUp();
    expect((await states(second)).members).toMatchObject({ state: 'live', lagEvents: 0, lagSeconds: 0 });
    await second.close();
  });

  it('is told how long a view takes to catch up, and the same whoever else asks', async () => {
    const log = arrayLog(randomLog({ seed: 23, events: 4_000 }).events);
    const limits = { liveEventsMax: 50, catchUpEvents: 50, buildFromEvents: 100_000 };
    const running = await startRunner({ log, folder: testFolder(), ...limits });
    await until(() => running.runner.position() > 0);
    const asked = [await states(running), await states(running)];
    for (const { users } of asked) expect(users).toMatchObject({ state: 'catching-up', etaS: expect.any(Number) });
    await running.caughtUp();
    expect((await states(running)).users).toMatchObject({ state: 'live', etaS: null });
    await running.close();
  });

  it('hears of names that are none, and of a rebuild that runs already', async () => {
    const running = await startRunner({ log: arrayLog([...LOG.events]), folder: testFolder(), catchUpEvents: 10 });
    const { admin } = running.runner;
    for (const refused of [admin.rebuild('chats'), admin.verify('x'), admin.pause('all'), admin.resume('')]) {
      expect(await refused).toMatchObject({ ok: false, rejection: { code: 'not-found' } });
    }
    await running.caughtUp();
    const started = await admin.rebuild('members');
    expect(await admin.rebuild('members')).toMatchObject({ ok: false, rejection: { code: 'version-conflict' } });
    expect((await states(running)).members?.state).toBe('rebuilding');
    expect(await jobDone(admin, started)).toMatchObject({ state: 'done', progress: 1, action: 'rebuild' });
    expect(await admin.job('no-such-job')).toBeNull();
    await running.close();
  });

  it('lets a parked chat go on by a rebuild', async () => {
    const folder = testFolder();
    const running = await startRunner({ log: arrayLog([...LOG.events]), folder });
    await running.caughtUp();
    await running.close();
    const db = await openDatabase({ file: join(folder, 'views.db'), synchronous: 'normal' });
    db.exec('UPDATE members_chats SET head_seq = 1');
    db.exec("UPDATE checkpoints SET position = position - 1 WHERE view = 'members'");
    db.close();
    const chat = LOG.chats[0];
    const next = recorded(
      `chat-${chat?.chatId}`,
      { position: last(LOG.events).position + 1, revision: chat?.view.seq ?? 0, actor: '01HZZZZZZZV000000000000001' },
      { type: 'PollOpened', data: {} },
    );
    const again = await startRunner({ log: arrayLog([...LOG.events, next]), folder });
    await again.caughtUp();
    expect(again.runner.parking.list()).toMatchObject([{ group: 'members', key: chat?.chatId }]);
    await jobDone(again.runner.admin, await again.runner.admin.rebuild('members'));
    await again.caughtUp();
    expect(again.runner.parking.list()).toEqual([]);
    await again.close();
  });
});

describe('a file that somebody else holds', () => {
  it('is waited for, and told of once', async () => {
    const folder = testFolder();
    const log = arrayLog(LOG.events.slice(0, 100));
    const running = await startRunner({ log, folder, busyTimeoutMs: 1 });
    await running.caughtUp();
    const other = await openDatabase({ file: join(folder, 'views.db'), synchronous: 'normal' });
    other.exec('BEGIN IMMEDIATE');
    log.events.push(...LOG.events.slice(100));
    running.runner.nudge();
    await until(() => running.reports.some(({ kind }) => kind === 'store-fault'));
    running.runner.nudge();
    other.exec('COMMIT');
    other.close();
    await running.caughtUp();
    await until(() => running.reports.some(({ kind }) => kind === 'store-back'));
    expect(running.reports.filter(({ kind }) => kind === 'store-fault')).toHaveLength(1);
    await running.close();
  });

  it('is shared by two runners without a row too much', async () => {
    const folder = testFolder();
    const log = arrayLog([]);
    const one = await startRunner({ log, folder, liveEventsMax: 10 });
    const other = await startRunner({ log, folder, liveEventsMax: 10 });
    log.events.push(...LOG.events);
    await Promise.all([one.caughtUp(), other.caughtUp()]);
    expect(Object.values(await states(one)).map(({ state }) => state)).toEqual(['live', 'live', 'live', 'live']);
    const job = await jobDone(one.runner.admin, await one.runner.admin.verify('all'));
    expect(job.result?.differences).toEqual([]);
    await one.close();
    await other.close();
  });
});
