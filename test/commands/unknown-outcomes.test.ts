import { expect, test } from 'vitest';
import type { NewEvent } from '../../events/event-store.ts';
import { StoreError } from '../../events/event-store.ts';
import { chatStream } from '../../events/streams.ts';
import { ANN, BOB, createWorld, facts, GROUP, group, NOW, run, ulidAt, type World } from '../support/commands.ts';
import { type Fate, faulty } from '../support/faulty-event-store.ts';
import { createMemoryEventStore } from '../support/memory/event-store.ts';

type Append = { stream: string; expected: number; events: readonly NewEvent[] };

/** A group in a store whose fate is decided append by append. */
async function over(fate: { now: Fate }): Promise<{ world: World; appends: Append[] }> {
  const appends: Append[] = [];
  const store = faulty(createMemoryEventStore({ clock: () => NOW }), (append) => {
    appends.push(append);
    return fate.now;
  });
  const world = createWorld({ store });
  const then = fate.now;
  fate.now = 'fine';
  await group(world);
  fate.now = then;
  appends.length = 0;
  return { world, appends };
}

const send = (world: World, text = 'x') => run(world, { type: 'send', actor: ANN, text });

test.each(['lost', 'late'] as const)(
  'a batch whose outcome is unknown (%s) is sent again as it was, and found or appended',
  async (how) => {
    const fate: { now: Fate } = { now: how };
    const { world, appends } = await over(fate);
    const both = Promise.all([send(world, 'a'), send(world, 'b')]);
    await world.timer.run(50);
    fate.now = 'fine';
    await world.timer.run(1_000);
    expect(await both).toMatchObject([
      { seq: 2, repeated: false },
      { seq: 3, repeated: false },
    ]);
    expect(appends.length).toBeGreaterThan(1);
    for (const append of appends) expect(append).toEqual(appends[0]);
  },
);

test('after the deadline callers hear unknown, those behind them busy; what was sent is still brought to its end', async () => {
  const fate: { now: Fate } = { now: 'late' };
  const { world, appends } = await over(fate);
  const first = send(world, 'first');
  await world.timer.run(1_000);
  const behind = send(world, 'behind');
  await world.timer.run(5_000);
  expect(await first).toBe('unknown');
  await world.timer.run(1_000);
  expect(await behind).toBe('busy');
  fate.now = 'fine';
  await world.timer.run(2_000);
  expect(await send(world, 'next')).toMatchObject({ seq: 3 });
  expect(new Set(appends.map(({ expected }) => expected))).toEqual(new Set([0, 1]));
});

test('so it is where the store never answers', async () => {
  const { world } = await over({ now: 'never' });
  const both = [send(world), send(world)];
  await world.timer.run(0);
  const behind = send(world);
  await world.timer.run(6_000);
  expect(await Promise.all([...both, behind])).toEqual(['unknown', 'unknown', 'busy']);
});

test.each(['lost', 'never'] as const)('so do the callers of a user’s commands (%s)', async (how) => {
  const fate: { now: Fate } = { now: 'fine' };
  const { world } = await over(fate);
  fate.now = how;
  const rename = () => world.commands.renameUser({ userId: ANN, displayName: 'A', commandId: BOB });
  const renamed = rename();
  await world.timer.run(6_000);
  expect(await renamed).toMatchObject({ rejection: { code: 'unknown' } });
  fate.now = 'fine';
  expect(await rename()).toMatchObject({ value: { displayName: 'A', version: 2 } });
});

test('a full queue says busy at once', async () => {
  const { world } = await over({ now: 'never' });
  const waiting = Array.from({ length: 10_000 }, () => send(world));
  expect(await waiting.at(-1)).toBe('busy');
  await world.timer.run(6_000);
  const heard = new Set(await Promise.all(waiting));
  expect(heard).toEqual(new Set(['unknown', 'busy']));
});

test('what all chats of a process may hold together is bounded by bytes, and free again once it is decided', async () => {
  const fate: { now: Fate } = { now: 'late' };
  const { world } = await over(fate);
  const long = 'x'.repeat(8_000);
  const waiting = Array.from({ length: 4_000 }, () => send(world, long));
  expect(await waiting.at(-1)).toBe('busy');
  expect(await run(world, { type: 'send', chatId: ulidAt(NOW, 77), actor: ANN, text: long })).toBe('busy');
  await world.timer.run(7_000);
  await Promise.all(waiting);
  fate.now = 'fine';
  await world.timer.run(2_000); // what was sent comes to its end
  const again = Array.from({ length: 2_000 }, () => send(world, long));
  expect(new Set((await Promise.all(again)).map((reply) => typeof reply))).toEqual(new Set(['object']));
});

test('a store that is slow for a while costs no second reading of the chat', async () => {
  const store = createMemoryEventStore({ clock: () => NOW });
  const fate: { now: Fate } = { now: 'fine' };
  const reads: (number | undefined)[] = [];
  let slow = false;
  const world = createWorld({
    store: {
      ...faulty(store, () => fate.now),
      readStream: async (stream, page) => {
        if (stream === chatStream(GROUP)) reads.push(page.from);
        if (slow) throw new StoreError('unavailable', 'no answer in time');
        return store.readStream(stream, page);
      },
    },
  });
  await group(world);
  const other = createWorld({ store }); // another process, which writes into the chat too
  for (let n = 0; n < 10; n++) await send(other);
  slow = true;
  const first = send(world);
  await world.timer.run(6_000);
  expect(await first).toBe('unavailable');
  slow = false;
  reads.length = 0;
  expect(await send(world)).toMatchObject({ seq: 12 });
  expect(reads).toEqual([1]); // what the other has written, and nothing that was known
});

test('a store that refuses for good within the deadline is unavailable, and nothing happened', async () => {
  const fate: { now: Fate } = { now: 'unavailable' };
  const { world } = await over(fate);
  const sent = send(world);
  await world.timer.run(7_000);
  expect(await sent).toBe('unavailable');
  fate.now = 'fine';
  expect(await send(world)).toMatchObject({ seq: 2 });
  expect(await facts(world)).toHaveLength(2);
});

test('a store that cannot be read is unavailable', async () => {
  const store = createMemoryEventStore({ clock: () => NOW });
  await group(createWorld({ store }));
  const world = createWorld({
    store: { ...store, readStream: () => Promise.reject(new StoreError('unavailable', 'no')) },
  });
  const sent = send(world);
  await world.timer.run();
  expect(await sent).toBe('unavailable');
});

test('a store that is closed is no answer but a failure', async () => {
  const store = createMemoryEventStore({ clock: () => NOW });
  const world = createWorld({ store });
  await group(world);
  await store.close();
  await expect(send(world)).rejects.toMatchObject({ code: 'closed' });
});

test('a rejection is checked against the log where another process may have written', async () => {
  const store = createMemoryEventStore({ clock: () => NOW });
  const [one, other] = [createWorld({ store }), createWorld({ store })];
  await group(one);
  expect(await run(other, { type: 'send', actor: BOB, text: 'x' })).toMatchObject({ seq: 2 });
  await run(one, { type: 'remove-member', actor: ANN, userId: BOB });
  expect(await run(other, { type: 'send', actor: BOB, text: 'y' })).toBe('chat-not-found');
  await run(one, { type: 'put-member', actor: ANN, userId: BOB });
  expect(await run(other, { type: 'send', actor: BOB, text: 'z' })).toMatchObject({ seq: 5 });
  await run(one, { type: 'rename-chat', actor: ANN, title: 'other' });
  expect(await run(other, { type: 'rename-chat', actor: ANN, title: 'g' })).toMatchObject({ changed: true, seq: 7 });
  expect((await other.commands.access(GROUP, BOB))?.headSeq).toBe(7);
});

test('closing waits for what is in flight and refuses what comes after', async () => {
  const { world } = await over({ now: 'fine' });
  const sent = send(world);
  const closed = world.commands.close();
  const after = send(world);
  await closed;
  expect(await sent).toMatchObject({ seq: 2 });
  expect(await after).toBe('unavailable');
});
