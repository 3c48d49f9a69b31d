import { expect, test } from 'vitest';
import { difference } from './expect-shape.ts';

test('what a page shows must be there, with its value and nothing beside it', () => {
  expect(difference({ a: 1, b: [{ c: 'x' }] }, { b: [{ c: 'x' }], a: 1 })).toBeNull();
  expect(difference({ a: 1 }, { a: 2 })).toBe('.a: the page shows 1, there was 2');
  expect(difference({ a: 1 }, { a: 1, b: 2 })).toBe(': also has b');
  expect(difference({ a: null }, {})).toContain('.a: the page shows null');
  expect(difference([1, 2], [1])).not.toBeNull();
  expect(difference({}, [])).not.toBeNull();
  expect(difference({ a: {} }, { a: null })).not.toBeNull();
  expect(difference({ a: '' }, { a: 'x' })).not.toBeNull();
});

test('an ellipsis leaves out the rest', () => {
  expect(difference({ a: '…', b: 'e1-…', '…': '' }, { a: { any: 1 }, b: 'e1-4', c: 3 })).toBeNull();
  expect(difference({ b: 'e1-…' }, { b: 'e2-4' })).not.toBeNull();
  expect(difference(['…'], [1, 2, 3])).toBeNull();
  expect(difference(['…'], 'none')).not.toBeNull();
});
