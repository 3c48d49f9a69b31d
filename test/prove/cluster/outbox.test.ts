import { expect, test } from 'vitest';
import { type FirstTried, Outbox } from './outbox.ts';
import type { Message, Outcome } from './sending.ts';

/** An outbox whose tries are answered by hand, in order; null: not at all. */
function outboxWith(answers: (Outcome | null)[], inFlightMax = 8) {
  const tried: Message[] = [];
  const refusals: string[] = [];
  const firstTried: FirstTried = new Map();
  const post = async (message: Message): Promise<Outcome> => {
    tried.push(message);
    const answer = answers.shift() ?? null;
    if (!answer) throw new Error('cut');
    return answer;
  };
  const outbox = new Outbox({ way: () => post, inFlightMax, firstTried, refused: (code) => refusals.push(code) });
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const send = async (): Promise<void> => {
    outbox.send();
    await settled();
  };
  return { outbox, tried, refusals, send };
}

test('what was not answered is sent again under the same id', async () => {
  const { outbox, tried, send } = outboxWith([null, { seq: 7 }]);
  outbox.add('c', 'text');
  await send();
  expect(outbox.unanswered).toBe(1);
  await send();
  expect(outbox.unanswered).toBe(0);
  expect(tried).toHaveLength(2);
  expect(tried[1]).toEqual(tried[0]);
  expect([...outbox.acked.values()]).toEqual([{ chatId: 'c', seq: 7 }]);
});

test('nothing is sent until the server will have it', async () => {
  const { outbox, tried, send } = outboxWith([{ againAfterMs: 30 }, { seq: 1 }]);
  outbox.add('c', 'text');
  await send();
  await send();
  expect(tried).toHaveLength(1);
  await expect.poll(() => send().then(() => outbox.unanswered)).toBe(0);
  expect(tried).toHaveLength(2);
});

test('what is refused for good is told of, and not sent again', async () => {
  const { outbox, tried, refusals, send } = outboxWith([{ refused: '403 forbidden' }]);
  outbox.add('c', 'text');
  await send();
  await send();
  expect(refusals).toEqual(['403 forbidden']);
  expect(tried).toHaveLength(1);
});

test('one that yields has more in flight as it is served, and less where it is not', async () => {
  const served = Array.from({ length: 7 }, (_, i) => ({ seq: i + 1 }));
  const { outbox, tried, send } = outboxWith([...served, null, null, null, null]);
  outbox.yields = true;
  for (let i = 0; i < 100; i++) outbox.add('c', 'text');
  const inTurn = async (): Promise<number> => {
    const before = tried.length;
    await send();
    return tried.length - before;
  };
  expect([await inTurn(), await inTurn(), await inTurn(), await inTurn(), await inTurn()]).toEqual([1, 2, 4, 8, 1]);
});

test('one that does not yield has as much in flight as it may, whatever becomes of it', async () => {
  const { outbox, tried, send } = outboxWith([], 3);
  for (let i = 0; i < 10; i++) outbox.add('c', 'text');
  await send();
  await send();
  expect(tried).toHaveLength(6);
});
