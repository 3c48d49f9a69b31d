import { expect, test } from 'vitest';
import { createSight } from '../../../gateway/slots/sight.ts';

test('nobody is taken for dead where nobody could be heard of, until they had time to be', () => {
  let now = 0;
  const sight = createSight({ deadAfterMs: 2_000, beatMs: 500 }, () => now);
  const beatAt = (at: number): boolean => {
    now = at;
    sight.beaten();
    return sight.clear();
  };
  expect([beatAt(0), beatAt(500), beatAt(2_000)]).toEqual([true, true, true]);
  expect([beatAt(3_600), beatAt(4_100), beatAt(5_500)]).toEqual([false, false, false]);
  expect(beatAt(5_600)).toBe(true);
});
