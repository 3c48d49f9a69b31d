import { expect, it } from 'vitest';
import { createCheckpoints } from '../../../infra/postgres/checkpoints.ts';
import { followProgress, viewsPosition } from '../../../infra/postgres/progress.ts';
import { createProgress } from '../../../projections/runner/progress.ts';
import { fileDatabase } from './database.ts';

const database = fileDatabase();
const LONG_MS = 20_000;

it('is where the last partition of the last group is, and nowhere before all groups are there', async () => {
  const postgres = database.open();
  const [checkpoints, position] = [createCheckpoints(postgres), viewsPosition(postgres)];
  expect(await position()).toBe(0);
  await checkpoints.prepare('user-chats', 2);
  for (const partition of [0, 1]) {
    const claim = await checkpoints.claim('user-chats', partition, 'tests');
    await checkpoints.move({ claim, from: 0, to: 50 + partition });
  }
  expect(await position()).toBe(0);
  await checkpoints.prepare('chat-history', 1);
  const claim = await checkpoints.claim('chat-history', 0, 'tests');
  await checkpoints.move({ claim, from: 0, to: 60 });
  expect(await position()).toBe(50);
});

it('tells those who wait as soon as a checkpoint has moved', async () => {
  let at = 5;
  const progress = followProgress({ waiters: createProgress(), position: async () => at, head: async () => 9 });
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
  const progress = followProgress({ waiters: createProgress(), position: async () => at, head: async () => head });
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
  const gone = async (): Promise<number> => Promise.reject(new Error('gone'));
  const onFault = (what: string) => void faults.push(what);
  const progress = followProgress({ waiters: createProgress(), position: gone, head: gone, onFault });
  progress.appended(3);
  const waiting = progress.reached(3, LONG_MS);
  await expect.poll(() => progress.lagMs()).toBeGreaterThan(0);
  await progress.close();
  expect(await waiting).toBe(false);
  expect(faults).toContain('the checkpoints cannot be read');
});
