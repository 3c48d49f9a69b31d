import { expect, it } from 'vitest';
import type { Graded } from '../../../../bin/cluster/verify/graded.ts';
import { gradeInOrder, notYet, type Part } from '../../../../bin/cluster/verify/in-order.ts';
import type { ComparedKind, ComparedSoFar } from '../../../../projections/generations/ports.ts';
import { seeded } from '../../../support/seeded.ts';

const SEED = 17;
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
  const done: string[] = [];
  const taken: [string, number][] = [];
  await gradeInOrder(
    ids.map((id) => part(id, () => turns(random.below(50)).then(() => graded(Number(id))))),
    {
      signal: NEVER,
      done: ({ through }) => done.push(through),
      take: ({ through }, { rows }) => taken.push([through, rows]),
    },
  );
  expect(taken).toEqual(ids.map((id) => [id, Number(id)]));
  expect(done.toSorted()).toEqual(ids.toSorted());
  expect(done).not.toEqual(ids);
});

it('ends with the first part that cannot be compared, and takes nothing behind it', async () => {
  const taken: string[] = [];
  const failing = gradeInOrder(
    ['a', 'b', 'c'].map((id) => part(id, async () => (id === 'b' ? Promise.reject(new Error('gone')) : graded(1)))),
    { signal: NEVER, done: () => undefined, take: ({ through }) => taken.push(through) },
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
    { signal: stop.signal, done: () => undefined, take: () => undefined },
  );
  await expect(stopped).rejects.toThrow('enough');
  expect(begun.length).toBeLessThan(12);
});

it('knows who is left, in order', () => {
  expect(notYet('chats', ['b', 'a'], null)).toEqual(['a', 'b']);
  const before = compared('chats', 'b');
  expect(notYet('histories', ['a', 'c'], before)).toEqual([]);
  expect(notYet('chats', ['c', 'a', 'b', 'd'], before)).toEqual(['c', 'd']);
  expect(notYet('users', ['b', 'a'], before)).toEqual(['a', 'b']);
});
