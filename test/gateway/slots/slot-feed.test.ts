import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { LiveBatch } from '../../../gateway/live-feed.ts';
import { createSlotFeed, FEED_QUEUE_EVENTS_MAX, type SlotFeed } from '../../../gateway/slots/slot-feed.ts';
import { user } from '../../support/commands.ts';
import { chatEvent, type HandTail, handTail, link } from './hand-tail.ts';

interface Consumer {
  readonly batches: LiveBatch[];
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

let feed: SlotFeed;
afterEach(() => feed.close());

function open({ sources = 1 } = {}): { tail: HandTail; feed: SlotFeed } {
  const tail = handTail();
  feed = createSlotFeed({ epoch: 'e1', tail, sources });
  return { tail, feed };
}

function consume(): Consumer {
  const batches: LiveBatch[] = [];
  const stop = new AbortController();
  const read = async (): Promise<void> => {
    for await (const batch of feed.subscribe({ after: 0, signal: stop.signal })) batches.push(batch);
  };
  return { batches, stop, done: read() };
}

const seqs = ({ batches }: Consumer): number[] =>
  batches.flatMap(({ events }) => events.map(({ revision }) => revision + 1));
const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn++) await nextTurn();
};

describe('a slot feed', () => {
  test('tells what comes, once, and a position that is behind it', async () => {
    const { tail } = open();
    await feed.follow([3]);
    const consumer = consume();
    tail.give(3, link(10, 11, { event: chatEvent(1, 11) }), link(10, 11, { event: chatEvent(1, 11) }));
    tail.give(3, link(11, 13, { event: chatEvent(2, 13) }), link(13, 20));
    await settled();
    expect(seqs(consumer)).toEqual([1, 2]);
    expect(consumer.batches.at(-1)).toMatchObject({ position: 20, live: true });
    expect(consumer.batches.some(({ missed }) => missed)).toBe(false);
    expect(await feed.head()).toBe(20);
    expect(feed.open(3)).toBe(true);
    expect(feed.open(4)).toBe(false);
  });

  test('what comes in one turn is one batch', async () => {
    const { tail } = open();
    await feed.follow([1, 2]);
    const consumer = consume();
    tail.give(1, link(0, 1, { event: chatEvent(1, 1) }));
    tail.give(2, link(0, 2, { event: chatEvent(1, 2, user(40)) }));
    await settled();
    expect(consumer.batches).toHaveLength(1);
  });

  test('a slot opens when all of its sources are behind the place where the last of them was joined', async () => {
    const { tail } = open({ sources: 2 });
    await feed.follow([0]);
    tail.give(0, link(5, 6));
    await settled();
    expect(feed.open(0)).toBe(false);
    tail.give(0, link(9, 12, { source: 1 }));
    await settled();
    expect(feed.open(0)).toBe(false);
    tail.give(0, link(6, 9));
    await settled();
    expect(feed.open(0)).toBe(true);
    expect(await feed.head()).toBe(9);
  });

  test('a slot that is taken on later opens once it is as far as the others, however busy they are', async () => {
    const { tail } = open();
    await feed.follow([0]);
    tail.give(0, link(0, 50));
    await settled();
    await feed.follow([0, 1]);
    tail.give(1, link(40, 45));
    tail.give(0, link(50, 60));
    await settled();
    expect([feed.open(1), await feed.head()]).toEqual([false, 50]);
    tail.give(0, link(60, 70));
    tail.give(1, link(45, 55));
    await settled();
    expect([feed.open(1), await feed.head()]).toEqual([true, 55]);
  });

  test('something missing is told of, what follows it too, and the slot is closed until all is behind the gap', async () => {
    const { tail } = open({ sources: 2 });
    await feed.follow([0, 1]);
    const both = [link(0, 10), link(0, 10, { source: 1 })];
    tail.give(0, ...both);
    tail.give(1, ...both);
    const consumer = consume();
    await settled();
    tail.give(0, link(12, 14, { event: chatEvent(4, 14) }));
    await settled();
    expect(consumer.batches.at(-1)).toMatchObject({ missed: true, position: 10 });
    expect(seqs(consumer)).toEqual([4]);
    expect([feed.open(0), feed.open(1), feed.misses()]).toEqual([false, true, 1]);
    tail.give(0, link(10, 13, { source: 1 }));
    tail.give(1, link(10, 12), link(10, 13, { source: 1 }));
    await settled();
    expect([feed.open(0), await feed.head()]).toEqual([true, 12]);
    expect(consumer.batches.filter(({ missed }) => missed)).toHaveLength(1);
  });

  test('a gap before a slot is open is nobody’s', async () => {
    const { tail } = open({ sources: 2 });
    await feed.follow([0]);
    tail.give(0, link(0, 10), link(20, 30));
    tail.give(0, link(0, 19, { source: 1 }));
    await settled();
    expect([feed.open(0), feed.misses()]).toEqual([false, 0]);
    tail.give(0, link(19, 25, { source: 1 }));
    await settled();
    expect([feed.open(0), await feed.head()]).toEqual([true, 25]);
  });

  test('an event that comes through several slots is told once, also where one is ahead of the others', async () => {
    const { tail } = open();
    await feed.follow([0, 1]);
    const consumer = consume();
    tail.give(0, link(0, 4, { event: chatEvent(4, 4) }));
    tail.give(1, link(0, 4, { event: chatEvent(4, 4) }), link(4, 5, { event: chatEvent(5, 5) }));
    tail.give(0, link(4, 5, { event: chatEvent(5, 5) }));
    // Slot 1 gets a member with event 9 and is ahead; what slot 0 has of before is told all the same.
    tail.give(1, link(5, 9, { event: chatEvent(9, 9) }));
    tail.give(0, link(5, 7, { event: chatEvent(7, 7) }), link(7, 8, { event: chatEvent(8, 8) }));
    tail.give(0, link(8, 9, { event: chatEvent(9, 9) }));
    await settled();
    expect(seqs(consumer)).toEqual([4, 5, 9, 7, 8]);
  });

  test('a slot that is followed no longer is forgotten; taken on again it begins anew', async () => {
    const { tail } = open();
    await feed.follow([0, 1]);
    tail.give(0, link(0, 5));
    tail.give(1, link(0, 5));
    await settled();
    await feed.follow([1]);
    expect(feed.open(0)).toBe(false);
    tail.give(0, link(5, 6, { event: chatEvent(1, 6) }));
    tail.give(1, link(5, 8));
    await feed.follow([0, 1]);
    await settled();
    expect([feed.open(0), feed.open(1)]).toEqual([false, true]);
    tail.give(0, link(9, 10));
    tail.give(1, link(8, 10));
    await settled();
    expect([feed.open(0), feed.misses()]).toEqual([true, 0]);
    expect(tail.followed).toEqual([[0, 1], [1], [0, 1]]);
  });

  test('listeners hear of a slot that opens', async () => {
    const { tail } = open();
    let heard = 0;
    feed.onOpen(() => heard++);
    await feed.follow([0]);
    tail.give(0, link(0, 1));
    await settled();
    tail.give(0, link(1, 2));
    await settled();
    expect(heard).toBe(1);
  });

  test('a consumer that stands still costs bounded memory, is told of a gap, and the slots begin anew behind it', async () => {
    const { tail } = open();
    await feed.follow([0]);
    tail.give(0, link(0, 1));
    await settled();
    const stop = new AbortController();
    const slow = feed.subscribe({ after: 0, signal: stop.signal })[Symbol.asyncIterator]();
    expect((await slow.next()).value).toMatchObject({ position: 1 });
    for (let seq = 1; seq <= FEED_QUEUE_EVENTS_MAX + 1; seq++)
      tail.give(0, link(seq, seq + 1, { event: chatEvent(seq, seq + 1) }));
    await settled();
    const head = FEED_QUEUE_EVENTS_MAX + 2;
    const { value } = (await slow.next()) as { value: LiveBatch };
    expect([value.missed, value.events.length, value.position]).toEqual([true, 0, head]);
    expect(feed.open(0)).toBe(true);
    stop.abort();
    await slow.next();
  });

  test('ends with its signal; fails when the deliveries cannot be followed any more', async () => {
    const { tail } = open();
    const first = consume();
    first.stop.abort();
    await first.done;
    const second = consume();
    tail.fail(new Error('no broker knows me'));
    await expect(second.done).rejects.toThrow('cannot be followed');
  });
});
