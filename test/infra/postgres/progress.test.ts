import { expect, test } from 'vitest';
import { followProgress, type ViewsSeen } from '../../../infra/postgres/progress.ts';
import { createProgress } from '../../../projections/runner/progress.ts';

const FIRST = { 'chat-history': 1, 'user-chats': 1 };
const LONG_MS = 20_000;

test('goes on while the log does not say how far it goes', async () => {
  let at = 5;
  let answer: (head: number) => void = () => undefined;
  const head = () =>
    new Promise<number>((resolve) => {
      answer = resolve;
    });
  const progress = followProgress({
    waiters: createProgress(),
    views: async () => ({ position: at, live: FIRST }),
    head,
  });
  expect(await progress.reached(5, LONG_MS)).toBe(true);
  at = 6;
  expect(await progress.reached(6, LONG_MS)).toBe(true);
  at = 7;
  await expect.poll(() => progress.position(), { timeout: LONG_MS }).toBe(7); // also where nobody waits
  const closed = progress.close();
  answer(7);
  await closed;
});

test('the log is asked on while the checkpoints cannot be told', async () => {
  let answer: (seen: ViewsSeen) => void = () => undefined;
  const views = () =>
    new Promise<ViewsSeen>((resolve) => {
      answer = resolve;
    });
  let asked = 0;
  const progress = followProgress({ waiters: createProgress(), views, head: async () => ++asked });
  await expect.poll(() => asked, { timeout: LONG_MS }).toBeGreaterThan(1);
  expect(progress.lagMs()).toBeGreaterThan(0);
  const closed = progress.close();
  answer({ position: 0, live: FIRST });
  await closed;
});
