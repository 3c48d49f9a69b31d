import { describe, expect, it } from 'vitest';
import { openViews } from '../../infra/sqlite/views/open-views.ts';
import { VIEWS } from '../../projections/index.ts';
import { randomLog } from '../support/random-log.ts';
import { startRunner } from '../support/views.ts';
import { begun, built, edit, generationsOf, LOG, rebuilt, SEED, until } from './blue-green-world.ts';
import { dumpViews } from './dump.ts';
import { jobDone } from './jobs.ts';

const EVENTS_PER_SECOND = 1_000;
const MANY = 15_000;
const AT_EVERY_LOOK = 2_100;

describe('a rebuild', () => {
  it('keeps what was live, fed as before, until it is dropped; a rollback goes back to it', async () => {
    const world = await built(LOG.events.slice(0, 300));
    const { running, log, file } = world;
    const { admin } = running.runner;
    expect(await generationsOf(world, 'members')).toEqual({ live: 1, building: null, previous: null });
    expect(await rebuilt(world, 'all')).toMatchObject({
      state: 'done',
      progress: 1,
      error: null,
      result: { sample: 1, differencesFound: 0, differences: [] },
    });
    expect(await generationsOf(world, 'members')).toEqual({ live: 2, building: null, previous: 1 });
    log.events.push(...LOG.events.slice(300));
    await running.caughtUp();
    const live = await dumpViews(file);
    for (const name of VIEWS) {
      expect(await admin.rollback(name)).toMatchObject({ ok: true, value: { generations: { live: 1, previous: 2 } } });
    }
    expect(await dumpViews(file)).toEqual(live);
    expect((await jobDone(admin, await admin.verify('all'))).result?.differencesFound).toBe(0);
    expect(await admin.rollback('users')).toMatchObject({ ok: true, value: { generations: { live: 2, previous: 1 } } });
    for (const name of VIEWS) expect(await admin.drop(name)).toMatchObject({ ok: true });
    for (const refused of [await admin.rollback('users'), await admin.drop('users')]) {
      expect(refused).toMatchObject({ ok: false, rejection: { code: 'version-conflict' } });
    }
    while (running.store.sweep());
    const tables = await edit(file, (db) =>
      db.prepare<{ name: string }>("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all(),
    );
    expect(tables.map(({ name }) => name).filter((name) => /^users_users|^members_chats/.test(name))).toEqual([
      'members_chats',
      'users_users__2',
    ]);
    await running.close();
    const again = await startRunner({ log, folder: world.folder });
    await again.caughtUp();
    expect(again.discarded).toEqual([]);
    expect(await dumpViews(file)).toEqual(live);
    await again.close();
  });

  it('does not take over where what was built differs from the log, and says where', async () => {
    const world = await built();
    const { running, file } = world;
    const jobId = await begun(world, 'chat-history');
    const chat = await edit(file, (db) => {
      const row = db.prepare<{ chat: number; seq: number }>('SELECT chat, seq FROM chat_history_messages__2').get();
      db.prepare("UPDATE chat_history_messages__2 SET text = 'forged' WHERE chat = ? AND seq = ?").run(
        row?.chat ?? 0,
        row?.seq ?? 0,
      );
      const id = db.prepare<{ id: string }>('SELECT id FROM chats WHERE key = ?').get(row?.chat ?? 0)?.id;
      return { chatId: id, seq: row?.seq };
    });
    await running.runner.admin.resume('chat-history');
    await until(async () => (await running.runner.admin.job(jobId))?.state === 'failed');
    expect(await running.runner.admin.job(jobId)).toMatchObject({
      error: expect.stringContaining('differs from the log in 1 rows'),
      result: { differencesFound: 1, differences: [{ ...chat, what: expect.stringContaining('different: text') }] },
    });
    expect(await generationsOf(world, 'chat-history')).toEqual({ live: 1, building: null, previous: null });
    await until(() => running.reports.some(({ kind }) => kind === 'job-ended'));
    await running.close();
  });

  it('switches also where more comes at every look than can be looked at in a moment', async () => {
    const { events } = randomLog({ seed: SEED, events: MANY });
    const coming = events.slice(500);
    const world = await built(events.slice(0, 500));
    const { running, log } = world;
    const { admin } = running.runner;
    const { readAll } = log;
    const { saveJob } = running.store;
    let phase: string | null = null;
    let looked = false;
    running.store.saveJob = (job) => {
      phase = job.phase;
      saveJob(job);
    };
    log.readAll = (from) => {
      // A grading reads up to where the live views stand; they read on and on.
      if (from.until !== undefined) looked = true;
      else if (phase === 'switching' && looked) {
        log.events.push(...coming.splice(0, AT_EVERY_LOOK));
        looked = false;
      }
      return readAll(from);
    };
    const begun = await admin.rebuild('members', { share: 1 });
    if (!begun.ok) throw new Error(begun.rejection.detail);
    const job = () => admin.job(begun.value.jobId);
    await until(async () => (await job())?.state !== 'running');
    expect(await job()).toMatchObject({ state: 'done', result: { differencesFound: 0 } });
    expect(coming.length).toBeGreaterThan(0);
    expect(coming.length).toBeLessThan(MANY - 500);
    log.readAll = readAll;
    await running.caughtUp();
    expect((await jobDone(admin, await admin.verify('members'))).result?.differencesFound).toBe(0);
    await running.close();
  });

  it('is refused while one runs, waits when it is paused, and leaves nothing when it is cancelled', async () => {
    const world = await built();
    const { running, file } = world;
    const { admin } = running.runner;
    const before = await dumpViews(file);
    const jobId = await begun(world, 'all');
    for (const name of ['all', 'users']) {
      expect(await admin.rebuild(name)).toMatchObject({ ok: false, rejection: { code: 'version-conflict' } });
    }
    const paused = await admin.job(jobId);
    expect(paused).toMatchObject({ state: 'paused', phase: 'building', etaS: null, endedAt: null });
    expect(await admin.cancel('users')).toMatchObject({ ok: true, value: { jobId, state: 'cancelled', phase: null } });
    expect(await admin.cancel('users')).toMatchObject({ ok: false, rejection: { code: 'version-conflict' } });
    expect(await generationsOf(world, 'users')).toEqual({ live: 1, building: null, previous: null });
    expect(await dumpViews(file)).toEqual(before);
    expect(await rebuilt(world, 'all')).toMatchObject({ state: 'done' });
    // A number is given once.
    expect(await generationsOf(world, 'users')).toEqual({ live: 3, building: null, previous: 1 });
    expect((await admin.jobs()).map(({ state }) => state)).toEqual(['done', 'cancelled']);
    await running.close();
  });

  it('takes no more of the log in a second than it is allowed to, and says how fast it goes', async () => {
    const world = await built([...LOG.events], { catchUpEvents: 20 });
    const began = performance.now();
    const { admin } = world.running.runner;
    const job = await admin.rebuild('users', { eventsPerSecond: EVENTS_PER_SECOND });
    const told = async () => (job.ok && (await admin.job(job.value.jobId))) || null;
    await until(async () => ((await told())?.progress ?? 0) >= 0.5);
    // What it is measured over ends with a step, that is for a moment a fifth of a second ahead of its time.
    const pace = (await told())?.eventsPerSecond;
    expect(pace).toBeGreaterThan(0);
    expect(pace).toBeLessThan(2 * EVENTS_PER_SECOND);
    expect(await jobDone(world.running.runner.admin, job)).toMatchObject({ state: 'done' });
    // What it builds from and what it is compared with, both.
    expect(performance.now() - began).toBeGreaterThan((2 * LOG.events.length * 1_000) / EVENTS_PER_SECOND - 100);
    await world.running.close();
  });

  it('is gone on with by the next run, also where that is paused, under the same id and in the same name', async () => {
    const world = await built();
    const by = { actor: 'olga', reason: 'a new column' };
    const job = await world.running.runner.admin.rebuild('members', { eventsPerSecond: 1_000, by });
    await until(async () => (await generationsOf(world, 'members'))?.building === 2);
    await world.running.runner.admin.pause('members');
    await world.running.close();
    const again = await startRunner({ log: world.log, folder: world.folder });
    await until(async () => (await again.runner.admin.jobs()).length > 0);
    const [found] = await again.runner.admin.jobs();
    expect(job).toMatchObject({ value: { jobId: found?.jobId } });
    expect(found).toMatchObject({ state: 'paused', action: 'rebuild', ...by });
    await again.runner.admin.resume('members');
    await until(async () => (await again.runner.admin.job(found?.jobId ?? ''))?.state === 'done');
    await until(() => again.reports.some(({ kind }) => kind === 'job-ended'));
    expect(again.reports).toContainEqual({ kind: 'job-ended', job: expect.objectContaining({ state: 'done', ...by }) });
    await again.close();
  });
});

describe('a process that ends right after the switch', () => {
  it('is told of by the next one: the job is done, once', async () => {
    const world = await built();
    const by = { actor: 'olga' };
    const { jobId } = await jobDone(
      world.running.runner.admin,
      await world.running.runner.admin.rebuild('all', { by }),
    );
    await world.running.close();
    await edit(world.file, (db) => {
      const row = db.prepare<{ record: string }>('SELECT record FROM jobs WHERE id = ?').get(jobId);
      const record = { ...JSON.parse(row?.record ?? ''), state: 'running', phase: 'switching', endedAt: null };
      db.prepare('UPDATE jobs SET open = 1, record = ? WHERE id = ?').run(JSON.stringify(record), jobId);
    });
    const again = await startRunner({ log: world.log, folder: world.folder });
    await until(() => again.reports.some(({ kind }) => kind === 'job-ended'));
    expect(again.reports.filter(({ kind }) => kind !== 'store-back')).toMatchObject([
      { kind: 'job-ended', job: { jobId, state: 'done', actor: 'olga', result: { differencesFound: 0 } } },
    ]);
    expect(await generationsOf({ ...world, running: again }, 'users')).toEqual({
      live: 2,
      building: null,
      previous: 1,
    });
    await again.close();
  });
});

describe('a reader', () => {
  it('sees one generation from the beginning of a query to its end, and never a mixture', async () => {
    const world = await built();
    const { running, file } = world;
    const chat = LOG.chats[2];
    const chatId = chat?.chatId ?? '';
    const seqs = chat?.events.filter(({ type }) => type === 'MessageSent').map(({ seq }) => seq) ?? [];
    // Only the old generation says so: the new one is folded from the log.
    await edit(file, (db) => db.exec("UPDATE chat_history_messages SET text = 'as it was'"));
    const views = openViews(file);
    const through = Number.MAX_SAFE_INTEGER;
    const textOf = async (seq: number) => (await views.chatHistory.messages(chatId, [seq], through))[0]?.sent.text;
    await views.pinned(async () => {
      expect(await textOf(seqs[0] ?? 0)).toBe('as it was');
      expect(await rebuilt(world, 'all')).toMatchObject({ state: 'done' });
      for (const seq of seqs) expect(await textOf(seq)).toBe('as it was');
      await views.pinned(async () => expect(await textOf(seqs[0] ?? 0)).not.toBe('as it was'));
      expect(await textOf(seqs[1] ?? 0)).toBe('as it was');
    });
    expect(await textOf(seqs[1] ?? 0)).not.toBe('as it was');
    await running.runner.admin.rollback('chat-history');
    expect(await textOf(seqs[1] ?? 0)).toBe('as it was');
    await running.runner.admin.rollback('chat-history');
    await views.pinned(async () => {
      await textOf(seqs[0] ?? 0);
      await running.runner.admin.rollback('chat-history');
      await running.runner.admin.drop('chat-history');
      while (running.store.sweep());
      await expect(textOf(seqs[0] ?? 0)).rejects.toMatchObject({ code: 'unavailable', temporary: true });
    });
    expect(await textOf(seqs[0] ?? 0)).toBe('as it was');
    views.close();
    await running.close();
  });
});
