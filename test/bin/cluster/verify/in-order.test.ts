import { expect, it } from 'vitest';
import type { Graded } from '../../../../bin/cluster/verify/graded.ts';
import { gradeInOrder, notYet, type Part } from '../../../../bin/cluster/verify/in-order.ts';
import { StoreError } from '../../../../events/event-store.ts';
import type { ComparedKind, ComparedSoFar } from '../../../../projections/generations/ports.ts';
import { seeded } from '../../../support/seeded.ts';

const SEED = 17;
const UNLIMITED = { eventsPerSecond: null, share: null };
const NEVER = new AbortController().signal;

const part = (through: string, grade: () => Promise<Graded>): Part => ({
  kind: 'histories',
  through,
  weight: 1,
  grade,
});
const graded = (rows: number): Graded => ({ rows, differences: [] });
const compared = (kind: ComparedKind, through: string): ComparedSoFar => ({
  generations: {},
  kind,
  through,
  rows: 0,
  differencesFound: 0,
  differences: [],
});

it(`takes what is found in the order of the parts, whichever is done first (seed ${SEED})`, async () => {
  const random = seeded(SEED);
  const ids = Array.from({ length: 100 }, (_, n) => String(n));
  const turns = (left: number): Promise<void> =>
    left === 0 ? Promise.resolve() : Promise.resolve().then(() => turns(left - 1));
  const went: number[] = [];
  const taken: [string, number][] = [];
  await gradeInOrder(
    ids.map((id) => part(id, () => turns(random.below(50)).then(() => graded(Number(id))))),
    {
      signal: NEVER,
      limits: UNLIMITED,
      went: (weights) => went.push(weights),
      take: ({ through }, { rows }) => taken.push([through, rows]),
    },
  );
  expect(taken).toEqual(ids.map((id) => [id, Number(id)]));
  expect(went.at(-1)).toBe(ids.length);
  expect(went).toEqual(went.toSorted((a, b) => a - b));
});

it('ends with the first part that cannot be compared, and takes nothing behind it', async () => {
  const taken: string[] = [];
  const failing = gradeInOrder(
    ['a', 'b', 'c'].map((id) => part(id, async () => (id === 'b' ? Promise.reject(new Error('gone')) : graded(1)))),
    { signal: NEVER, limits: UNLIMITED, went: () => undefined, take: ({ through }) => taken.push(through) },
  );
  await expect(failing).rejects.toThrow('gone');
  expect(taken).toEqual(['a']);
});

it('stops when it is told to', async () => {
  const stop = new AbortController();
  const begun: string[] = [];
  const stopped = gradeInOrder(
    Array.from({ length: 20 }, (_, n) =>
      part(String(n), async () => {
        begun.push(String(n));
        if (begun.length === 6) stop.abort(new Error('enough'));
        return graded(1);
      }),
    ),
    { signal: stop.signal, limits: UNLIMITED, went: () => undefined, take: () => undefined },
  );
  await expect(stopped).rejects.toThrow('enough');
  expect(begun.length).toBeLessThan(12);
});

it('tells how far a long part is, and begins with it anew where a server did not answer', async () => {
  const went: number[] = [];
  let tries = 0;
  const long: Part = {
    ...part('long', async () => graded(1)),
    weight: 10,
    async grade(tell) {
      tell(4);
      if (tries++ === 0) throw new StoreError('unavailable', 'a moment', { temporary: true });
      tell(12);
      return graded(1);
    },
  };
  await gradeInOrder([part('short', async () => graded(1)), long], {
    signal: NEVER,
    limits: UNLIMITED,
    went: (weights) => went.push(weights),
    take: () => undefined,
  });
  expect(went).toEqual([4, 5, 5, 11, 11]);
});

it('rests as the limits ask for', async () => {
  const limits = { eventsPerSecond: 1_000, share: null };
  const parts = Array.from({ length: 8 }, (_, n) => ({ ...part(String(n), async () => graded(1)), weight: 50 }));
  const began = performance.now();
  await gradeInOrder(parts, { signal: NEVER, limits, went: () => undefined, take: () => undefined });
  // 400 events; nobody waits for the rest after the last of them.
  expect(performance.now() - began).toBeGreaterThan(190);
});

it('knows who is left, in order', () => {
  expect(notYet('chats', ['b', 'a'], null)).toEqual(['a', 'b']);
  const before = compared('chats', 'b');
  expect(notYet('histories', ['a', 'c'], before)).toEqual([]);
  expect(notYet('chats', ['c', 'a', 'b', 'd'], before)).toEqual(['c', 'd']);
  expect(notYet('users', ['b', 'a'], before)).toEqual(['a', 'b']);
});
