import { expect, test } from 'vitest';
import { describeMemory, FLOOD_MIN_BYTES, judgeMemory, RISE_MAX_BYTES, type Use, watchMemory } from './memory.ts';

const BEFORE = 150 * 1_048_576;
const use = (role: string, most: number | null): Use => ({ role, before: BEFORE, most, after: most });

test('a role that stays below the ceiling is right, whatever it used before', () => {
  expect(judgeMemory([use('relay', BEFORE + RISE_MAX_BYTES), use('http', BEFORE)], FLOOD_MIN_BYTES)).toEqual([]);
});

test('a planted buffer that keeps the whole flood is seen', () => {
  const uses = [use('relay', BEFORE + FLOOD_MIN_BYTES), use('relay', BEFORE)];
  expect(judgeMemory(uses, FLOOD_MIN_BYTES)).toEqual(['a relay took 192 MiB more than before, 128 MiB at most']);
});

test('a process whose memory was never seen is none that uses little', () => {
  expect(judgeMemory([use('http', null)], FLOOD_MIN_BYTES)).toEqual(['the memory of a http was not seen']);
});

test('a flood that would fit below the ceiling proves nothing', () => {
  expect(judgeMemory([use('relay', BEFORE)], RISE_MAX_BYTES)).toEqual([
    'a flood of 128 MiB proves nothing about memory',
  ]);
});

test('the most of each process counts, even where it has fallen since', async () => {
  const said = [BEFORE, null, BEFORE + 2 * RISE_MAX_BYTES, BEFORE];
  const leaky = { role: 'projector', residentBytes: async () => (said.length > 1 ? (said.shift() ?? null) : BEFORE) };
  const calm = { role: 'projector', residentBytes: async () => BEFORE };
  const watch = await watchMemory([leaky, calm], 1);
  await expect.poll(() => said.length).toBe(1);
  const uses = await watch.end();
  expect(judgeMemory(uses, FLOOD_MIN_BYTES)).toHaveLength(1);
  expect(describeMemory(uses)).toBe('projector 150 MiB → 406 MiB → 150 MiB');
});
