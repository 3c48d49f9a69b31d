import { expect, test } from 'vitest';
import { createLedger, type Ledger } from './ledger.ts';

/** Takes seqs of one chat, each of a message that is named after it. */
function after(...seqs: number[]): Ledger {
  const ledger = createLedger('a', ['c']);
  for (const seq of seqs) ledger.take({ chatId: 'c', seq, messageId: `m${seq}` });
  return ledger;
}

test('what comes once and in order is right', () => {
  expect(after(1, 2, 3).wrongs).toEqual({ lost: 0, duplicated: 0, reordered: 0, other: 0, first: null });
});

test('a planted loss is seen', () => {
  expect(after(1, 2, 5).wrongs).toEqual({
    lost: 2,
    duplicated: 0,
    reordered: 0,
    other: 0,
    first: 'a: seq 5 after 2 in c',
  });
});

test('a planted duplicate is seen', () => {
  expect(after(1, 2, 2).wrongs).toMatchObject({ lost: 0, duplicated: 1, reordered: 0 });
  expect(after(1, 2, 1).wrongs).toMatchObject({ lost: 0, duplicated: 1, reordered: 0 });
});

test('a planted exchange is seen, and is no loss', () => {
  expect(after(1, 3, 2).wrongs).toMatchObject({ lost: 0, duplicated: 0, reordered: 1 });
});

test('a message that was appended twice is seen', () => {
  const ledger = after(1);
  ledger.take({ chatId: 'c', seq: 2, messageId: 'm1' });
  expect(ledger.wrongs).toMatchObject({ duplicated: 1, first: 'a: message m1 is seq 1 and seq 2 in c' });
});

test('an acknowledged message that never came, or came as another seq, is missing', () => {
  const ledger = after(1, 2);
  const acked = (messageId: string, seq: number, chatId = 'c') => [messageId, { chatId, seq }] as const;
  expect(ledger.missing([acked('m1', 1), acked('m2', 2)])).toBe(0);
  expect(ledger.missing([acked('m3', 3), acked('m2', 1)])).toBe(2);
  expect(ledger.missing([acked('x', 1, 'a chat of others')])).toBe(0);
});

test('whatever else is noted counts', () => {
  const ledger = after(1, 2);
  ledger.note('a chat of its is gone');
  ledger.note('a send over http was refused: 403 forbidden');
  expect(ledger.wrongs).toEqual({ lost: 0, duplicated: 0, reordered: 0, other: 2, first: 'a: a chat of its is gone' });
});
