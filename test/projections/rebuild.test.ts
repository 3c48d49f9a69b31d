import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../infra/sqlite/database.ts';
import { VIEWS_SCHEMA } from '../../infra/sqlite/views/schema.ts';
import type { ArrayLog } from '../support/array-log.ts';
import { arrayLog } from '../support/array-log.ts';
import { testFolder } from '../support/folder.ts';
import { randomLog } from '../support/random-log.ts';
import { seeded } from '../support/seeded.ts';
import { startRunner } from '../support/views.ts';
import { dumpViews } from './dump.ts';
import { jobDone } from './jobs.ts';

const SEEDS = [1, 2, 3];

const views = (folder: string): string => join(folder, 'views.db');

/** The views as they are when the log is taken in event by event. */
async function liveDump(events: ArrayLog['events']): Promise<Record<string, string[]>> {
  const folder = testFolder();
  const running = await startRunner({ log: arrayLog(events), folder, liveEventsMax: 1, catchUpEvents: 1 });
  await running.caughtUp();
  await running.close();
  return dumpViews(views(folder));
}

describe.each(SEEDS)('views of a random log (seed %i)', (seed) => {
  const { events } = randomLog({ seed, events: 600 });

  it('are the same built at once, in pages, and event by event', async () => {
    const live = await liveDump(events);
    for (const pages of [{ buildFromEvents: 1, catchUpEvents: 37 }, { liveEventsMax: 7, catchUpEvents: 100 }, {}]) {
      const folder = testFolder();
      const running = await startRunner({ log: arrayLog(events), folder, ...pages });
      await running.caughtUp();
      await running.close();
      expect(await dumpViews(views(folder))).toEqual(live);
    }
  });

  it('are the same after a rebuild, with events coming in meanwhile', async () => {
    const folder = testFolder();
    const log = arrayLog(events.slice(0, 300));
    const running = await startRunner({ log, folder, liveEventsMax: 5, catchUpEvents: 5 });
    await running.caughtUp();
    const started = await running.runner.admin.rebuild('all');
    for (const event of events.slice(300)) {
      log.events.push(event);
      running.runner.nudge();
      await new Promise(setImmediate);
    }
    expect((await jobDone(running.runner.admin, started)).state).toBe('done');
    await running.caughtUp();
    await running.close();
    expect(await dumpViews(views(folder))).toEqual(await liveDump(events));
  });

  it('are the same however often the work was cut short', async () => {
    const random = seeded(seed);
    const folder = testFolder();
    const pages = { liveEventsMax: 20, catchUpEvents: 20, buildFromEvents: random.chance(0.5) ? 1 : 10_000 };
    for (;;) {
      const log = arrayLog(events);
      const stopAfter = random.below(6);
      let reads = 0;
      let cut: () => void = () => undefined;
      const isCut = new Promise<'cut'>((resolve) => (cut = () => resolve('cut')));
      // The log never answers again: what was not committed by then is lost, as when the process dies.
      const dying = {
        ...log,
        readAll: (page: Parameters<ArrayLog['readAll']>[0]) =>
          ++reads > stopAfter ? (cut(), new Promise<never>(() => undefined)) : log.readAll(page),
      };
      const running = await startRunner({ log: dying, folder, ...pages });
      const ended = await Promise.race([isCut, running.caughtUp().then(() => 'done')]);
      running.store.close();
      if (ended === 'done') break;
    }
    expect(await dumpViews(views(folder))).toEqual(await liveDump(events));
  });
});

describe('the file of the views', () => {
  const { events } = randomLog({ seed: 9, events: 300 });
  const build = async (folder: string, epoch?: string, upTo = events.length) => {
    const running = await startRunner({ log: arrayLog(events.slice(0, upTo), epoch), folder });
    await running.caughtUp();
    await running.close();
    return running.discarded;
  };

  it('comes back when it was deleted', async () => {
    const folder = testFolder();
    await build(folder);
    const before = await dumpViews(views(folder));
    for (const suffix of ['', '-wal', '-shm']) rmSync(views(folder) + suffix, { force: true });
    expect(await build(folder)).toEqual([]);
    expect(existsSync(views(folder))).toBe(true);
    expect(await dumpViews(views(folder))).toEqual(before);
  });

  it('is built afresh where it is garbage', async () => {
    const folder = testFolder();
    writeFileSync(views(folder), 'this is no database, and it never was one'.repeat(100));
    expect(await build(folder)).toHaveLength(1);
    expect((await dumpViews(views(folder))).chat_history_heads).not.toEqual([]);
  });

  it('is built afresh where the log was restored, is shorter than the views, or the schema is another', async () => {
    const folder = testFolder();
    await build(folder);
    expect(await build(folder, 'e2')).toEqual(['the log was restored since']);
    expect(await build(folder, 'e2', 200)).toEqual(['it is ahead of the log']);
    const db = await openDatabase({ file: views(folder), synchronous: 'normal' });
    db.exec("UPDATE meta SET value = '0' WHERE key = 'schema'");
    db.close();
    expect(await build(folder, 'e2', 200)).toEqual([`its schema is 0, not ${VIEWS_SCHEMA}`]);
    expect(await build(folder, 'e2', 200)).toEqual([]);
  });

  it.each([
    ['UPDATE generations SET live = 7', 'it holds no generation 7 of chat-history'],
    ['DROP TABLE members_spans', 'its table members_spans is missing'],
    ['DROP TABLE parked', 'its table parked is missing'],
    ["DELETE FROM checkpoints WHERE view = 'users'", 'it holds no generation 1 of users'],
    ["UPDATE generations SET view = 'guests' WHERE view = 'users'", 'the view users is missing'],
  ])('is built afresh where something of it is gone: %s', async (damage, why) => {
    const folder = testFolder();
    await build(folder);
    const before = await dumpViews(views(folder));
    const db = await openDatabase({ file: views(folder), synchronous: 'normal' });
    db.exec(damage);
    db.close();
    expect(await build(folder)).toEqual([why]);
    expect(await dumpViews(views(folder))).toEqual(before);
  });
});
