import { expect, test } from 'vitest';
import { createLapses } from '../../../gateway/slots/lapses.ts';
import { LAPSE_FORGOTTEN_MS, TAKE_BACK_AFTER_MAX_MS, TAKE_BACK_AFTER_MS } from '../../../gateway/slots/limits.ts';

test('one lapse costs nothing, each further one twice the time, until there was none for a while', () => {
  let now = 1_000;
  const lapses = createLapses(() => now);
  /** For how long nothing is taken from others after one more. */
  const waits = (): number => {
    lapses.add();
    const began = now;
    while (!lapses.over()) now += 1_000;
    return now - began;
  };
  expect(lapses.over()).toBe(true);
  expect([waits(), waits(), waits(), waits()]).toEqual([0, 1, 2, 4].map((times) => times * TAKE_BACK_AFTER_MS));
  for (let i = 0; i < 5; i++) waits();
  expect(waits()).toBe(TAKE_BACK_AFTER_MAX_MS);
  now += LAPSE_FORGOTTEN_MS;
  expect(waits()).toBe(0);
});
