import { expect, it } from 'vitest';
import { createCheckpoints } from '../../../infra/postgres/checkpoints.ts';
import { followProgress, SIGHT_MAX_AGE_MS, viewsSeen } from '../../../infra/postgres/progress.ts';
import { createProgress } from '../../../projections/runner/progress.ts';
import { fileDatabase } from './database.ts';

const database = fileDatabase();
const FIRST = { 'chat-history': 1, 'user-chats': 1 };
const LONG_MS = 20_000;

it('is where the last partition of the last group is, and nowhere before all groups are there', async () => {
  const postgres = database.open();
  const [checkpoints, seen] = [createCheckpoints(postgres), viewsSeen(postgres)];
  expect(await seen()).toEqual({ position: 0, live: FIRST });
  await checkpoints.prepare('user-chats', 2);
  for (const partition of [0, 1]) {
    const claim = await checkpoints.claim('user-chats', partition, 'tests');
    await checkpoints.move({ claim, from: 0, to: 50 + partition });
  }
  expect(await seen()).toEqual({ position: 0, live: FIRST });
  await checkpoints.prepare('chat-history', 1);
  const claim = await checkpoints.claim('chat-history', 0, 'tests');
  await checkpoints.move({ claim, from: 0, to: 60 });
  expect(await seen()).toEqual({ position: 50, live: FIRST });
  await postgres.execute(
    `INSERT INTO generations (grp, generation, state, counted) VALUES ('chat-history', 2, 'building', false)`,
  );
  await checkpoints.prepare('chat-history@2', 1);
  expect(await seen()).toEqual({ position: 50, live: FIRST });
  await postgres.execute(`UPDATE generations SET counted = true WHERE generation = 2`);
  expect(await seen()).toEqual({ position: 0, live: FIRST });
  await postgres.execute(`UPDATE generations SET state = 'previous' WHERE grp = 'chat-history' AND generation = 1`);
  await postgres.execute(`UPDATE generations SET state = 'live' WHERE generation = 2`);
  expect(await seen()).toEqual({ position: 0, live: { ...FIRST, 'chat-history': 2 } });
});

it('tells those who wait as soon as a checkpoint has moved', async () => {
  let at = 5;
  const progress = followProgress({
    waiters: createProgress(),
    views: async () => ({ position: at, live: FIRST }),
    head: async () => 9,
  });
  expect(await progress.reached(5, LONG_MS)).toBe(true);
  expect(await progress.reached(6, 30)).toBe(false);
  const waiting = progress.reached(9, LONG_MS);
  at = 9;
  expect(await waiting).toBe(true);
  expect(progress.position()).toBe(9);
  await progress.close();
});

it('knows how long the views have been behind, by its own appends and by those of others', async () => {
  let [at, head] = [5, 5];
  const progress = followProgress({
    waiters: createProgress(),
    views: async () => ({ position: at, live: FIRST }),
    head: async () => head,
  });
  expect(await progress.reached(5, LONG_MS)).toBe(true);
  expect(progress.lagMs()).toBe(0);
  progress.appended(6);
  await expect.poll(() => progress.lagMs()).toBeGreaterThan(0);
  at = 6;
  expect(await progress.reached(6, LONG_MS)).toBe(true);
  expect(progress.lagMs()).toBe(0);
  head = 7; // by another process
  await expect.poll(() => progress.lagMs(), { timeout: LONG_MS }).toBeGreaterThan(0);
  await progress.close();
});

it('grows old while the checkpoints cannot be read, says so, and lets go of all who wait when it is closed', async () => {
  const faults: string[] = [];
  const gone = async (): Promise<never> => Promise.reject(new Error('gone'));
  const onFault = (what: string) => void faults.push(what);
  const progress = followProgress({ waiters: createProgress(), views: gone, head: gone, onFault });
  progress.appended(3);
  const waiting = progress.reached(3, LONG_MS);
  await expect.poll(() => progress.lagMs()).toBeGreaterThan(0);
  await progress.close();
  expect(await waiting).toBe(false);
  expect(faults).toContain('the checkpoints cannot be read');
});

it('says what is live by no sight that is older than a second', async () => {
  let generation = 1;
  let answer: Promise<void> | null = null;
  const views = async () => {
    const seen = { position: 5, live: { ...FIRST, 'user-chats': generation } };
    await answer;
    return seen;
  };
  const progress = followProgress({ waiters: createProgress(), views, head: async () => 5 });
  const live = async () => (await progress.live())['user-chats'];
  expect(await live()).toBe(1);
  generation = 2;
  await expect.poll(live).toBe(2);

  let late: () => void = () => undefined;
  answer = new Promise((resolve) => (late = resolve));
  const since = performance.now();
  const waited = () => performance.now() - since;
  await expect.poll(waited, { timeout: LONG_MS }).toBeGreaterThan(SIGHT_MAX_AGE_MS + 400);
  generation = 3;
  const asked = live(); // what is on its way was asked for before that
  answer = null;
  late();
  expect(await asked).toBe(3);
  expect(progress.lastLive()?.['user-chats']).toBe(3);
  await progress.close();
});
