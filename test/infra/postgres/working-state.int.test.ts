import { beforeEach, describe, expect, it } from 'vitest';
import { createChatSlots } from '../../../infra/postgres/chat-slots.ts';
import { createCheckpoints } from '../../../infra/postgres/checkpoints.ts';
import { createParking } from '../../../infra/postgres/parking.ts';
import type { Postgres } from '../../../infra/postgres/pool.ts';
import { createSnapshots } from '../../../infra/postgres/snapshots.ts';
import type { ParkedEvent } from '../../../projections/partitions/ports.ts';
import { fileDatabase } from './database.ts';

const database = fileDatabase();
let postgres: Postgres;
beforeEach(() => {
  postgres = database.open();
});

describe('snapshots', () => {
  it('keep one of each stream, the last one saved', async () => {
    const [one, other] = [createSnapshots(postgres), createSnapshots(database.open())];
    expect(await one.load('chat-a')).toBeNull();
    await one.save('chat-a', 1_000, 'one');
    await other.save('chat-a', 2_000, JSON.stringify({ text: 'ü \0 "\\' }));
    await one.save('chat-b', 5, '');
    expect(await one.load('chat-a')).toEqual({ revision: 2_000, state: '{"text":"ü \\u0000 \\"\\\\"}' });
    expect(await other.load('chat-b')).toEqual({ revision: 5, state: '' });
  });
});

describe('parking', () => {
  const event = (more: Partial<ParkedEvent>): ParkedEvent => ({
    group: 'user-chats',
    partition: 0,
    key: 'a',
    stream: 'chat-a',
    revision: 7,
    position: 70,
    type: 'MessageSent',
    error: 'why \0 not',
    ...more,
  });

  it('keeps the first event of a key, and counts what waits behind it', async () => {
    const [one, other] = [createParking(postgres), createParking(database.open())];
    await one.park(event({}));
    await other.park(event({ revision: 9, position: 90 }));
    await one.park(event({ key: 'b', partition: 1, position: 71 }));
    await one.park(event({ group: 'chat-history', error: 'other' }));
    await Promise.all([one.waits('user-chats', 'a', 3), other.waits('user-chats', 'a', 2)]);
    await one.waits('user-chats', 'nobody', 1);
    expect(await other.keys('user-chats', 0)).toEqual(new Set(['a']));
    expect(await other.keys('user-chats', 1)).toEqual(new Set(['b']));
    expect(await other.keys('deliveries', 0)).toEqual(new Set());
    expect(await one.list()).toEqual([
      { ...event({ group: 'chat-history', error: 'other' }), waiting: 0 },
      { ...event({ error: 'why \uFFFD not' }), waiting: 5 },
      { ...event({ key: 'b', partition: 1, position: 71, error: 'why \uFFFD not' }), waiting: 0 },
    ]);
  });
});

describe('chat slots', () => {
  const claim = async () => {
    const checkpoints = createCheckpoints(postgres);
    await checkpoints.prepare('deliveries', 1);
    return checkpoints.claim('deliveries', 0, 'tests');
  };

  it('keeps what was touched, with its checkpoint', async () => {
    const first = await claim();
    const store = createChatSlots(postgres);
    await store.load(['a', 'b', 'a']);
    expect(store.of('a')).toEqual({ chatId: 'a', headSeq: 0, counts: new Map() });
    const a = store.of('a');
    a.headSeq = 3;
    a.counts.set(5, 2).set(63, 1);
    store.touch(a);
    await store.commit({ claim: first, from: first.position, to: first.position + 10 });
    a.counts.delete(5);
    a.headSeq = 4;
    store.touch(a);
    await store.commit({ claim: first, from: first.position + 10, to: first.position + 20 });

    const second = await claim();
    const next = createChatSlots(postgres);
    await next.load(['a', 'b']);
    expect(next.of('a')).toEqual({ chatId: 'a', headSeq: 4, counts: new Map([[63, 1]]) });
    expect(next.of('b').headSeq).toBe(0);
    expect(second.position).toBe(first.position + 20);
  });

  it('writes nothing for a claim that is over, and forgets what was not committed', async () => {
    const [old, present] = [await claim(), await claim()];
    const stale = createChatSlots(postgres);
    await stale.load(['c']);
    stale.of('c').headSeq = 9;
    stale.touch(stale.of('c'));
    const step = { from: old.position, to: old.position + 1 };
    await expect(stale.commit({ claim: old, ...step })).rejects.toMatchObject({ code: 'stale-owner' });
    expect(() => stale.of('c')).toThrow('not loaded');
    const store = createChatSlots(postgres);
    await store.load(['c']);
    expect(store.of('c').headSeq).toBe(0);
    store.of('c').headSeq = 2;
    store.touch(store.of('c'));
    store.reset();
    await store.commit({ claim: present, ...step });
    await store.load(['c']);
    expect(store.of('c').headSeq).toBe(0);
  });
});
