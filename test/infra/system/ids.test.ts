import { expect, test } from 'vitest';
import { isUlid, ulidTime } from '../../../events/ids.ts';
import { createUlidFactory, deterministicUuid } from '../../../infra/system/ids.ts';

test('ULIDs grow strictly, also within a millisecond and when the clock is set back', () => {
  const times = [5_000, 5_000, 5_001, 4_000, 4_000, 5_002];
  let i = 0;
  const make = createUlidFactory(() => times[i++] ?? 0);
  const ids = times.map(() => make());
  expect(ids.every(isUlid)).toBe(true);
  expect(new Set(ids).size).toBe(times.length);
  expect(ids).toEqual(ids.toSorted());
  expect(ids.map(ulidTime)).toEqual([5_000, 5_000, 5_001, 5_001, 5_001, 5_002]);
});

test('an event id follows from its namespace and key alone, and is a UUID', () => {
  const id = deterministicUuid('chat-1', 'command-1');
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(deterministicUuid('chat-1', 'command-1')).toBe(id);
  expect(deterministicUuid('chat-1', 'command-2')).not.toBe(id);
  expect(deterministicUuid('chat-1c', 'ommand-1')).not.toBe(id);
});
