import { expect, test } from 'vitest';
import { createFillPace } from '../../../projections/partitions/pace.ts';

const FREE = { eventsPerSecond: null, share: null, yielding: false };
const never = new AbortController().signal;

function paced() {
  let now = 0;
  const pace = createFillPace(4, () => now);
  const free = (partition: number) => pace.before(partition, { withinMs: 0, signal: never });
  return { pace, free, at: (ms: number) => (now = ms) };
}

test('a rate is shared by all partitions, and what was taken is paid for before the next batch', async () => {
  const { pace, free, at } = paced();
  pace.set({ ...FREE, eventsPerSecond: 400 });
  expect(await free(0)).toBe(true);
  pace.took(0, { events: 50, ms: 1 });
  expect(await free(1)).toBe(true);
  at(499);
  expect(await free(0)).toBe(false);
  at(500);
  expect(await free(0)).toBe(true);
});

test('a share of the time is that of the process, whichever partition it worked for', async () => {
  const { pace, free, at } = paced();
  pace.set({ ...FREE, share: 0.25 });
  pace.took(0, { events: 1, ms: 100 });
  at(299);
  expect(await free(1)).toBe(false);
  at(300);
  expect(await free(1)).toBe(true);
});

test('nothing is taken while the live views come first, and all at once when nothing bounds it', async () => {
  const { pace, free } = paced();
  pace.set({ ...FREE, yielding: true });
  expect(await free(0)).toBe(false);
  pace.set(FREE);
  pace.took(0, { events: 1_000_000, ms: 1_000_000 });
  expect(await free(0)).toBe(true);
});
