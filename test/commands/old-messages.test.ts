import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { LookupAnswer, MessageLookup } from '../../commands/index.ts';
import { chatStream } from '../../events/streams.ts';
import {
  ANN,
  BOB,
  CID,
  createWorld,
  DEE,
  facts,
  GROUP,
  group,
  type Loose,
  memorySnapshots,
  NOW,
  run,
  ulidAt,
  user,
} from '../support/commands.ts';
import { counting } from '../support/faulty-event-store.ts';
import { foldingLookup } from '../support/folding-lookup.ts';
import { longChat, MINUTE_MS, oldId } from '../support/long-chat.ts';
import { createMemoryEventStore } from '../support/memory/event-store.ts';

/** A lookup that has read no further than some seq, answered from what is known of the long life. */
function lookupOf(messages: number, throughSeq: number): MessageLookup {
  return {
    find: async ({ ids: asked }): Promise<LookupAnswer> => {
      const found = asked.flatMap((id) => {
        const n = Array.from({ length: 3 }, (_, i) => i + 1).find((i) => oldId(i) === id);
        if (n === undefined || n + 1 > throughSeq || n > messages) return [];
        const message = {
          senderId: BOB,
          rev: 1,
          deleted: false,
          text: `m${n}`,
          mentions: [],
          emojis: new Map<string, number>(),
          reacted: [],
        };
        return [[id, { seq: n + 1, message }] as const];
      });
      return { throughSeq, found: new Map(found) };
    },
  };
}

const failing: MessageLookup = { find: () => Promise.reject(new Error('the views are closed')) };

describe('a chat of a million events', () => {
  const MESSAGES = 1_000_000;
  const later = NOW + (MESSAGES + 1) * MINUTE_MS;
  const base = createMemoryEventStore({ clock: () => later });
  const store = longChat(base, MESSAGES);
  const snapshots = memorySnapshots();

  const open = (lookup: MessageLookup) => {
    const counted = counting(store);
    const world = createWorld({ store: counted, snapshots, lookup });
    world.time.now = later;
    return { world, counted };
  };

  beforeAll(async () => {
    await group(createWorld({ store: base }));
    await open(failing).world.commands.access(GROUP, ANN); // the only time that all of it is read
  }, 120_000);

  test('a send, an edit of the oldest and a late repeat each read a bounded number of events, right after a restart too', async () => {
    const asked: [string, Loose][] = [
      ['send', { type: 'send', actor: BOB, text: 'new' }],
      ['edit of the oldest', { type: 'edit', actor: BOB, messageId: oldId(1), text: 'edited' }],
      ['late repeat', { type: 'send', actor: BOB, commandId: oldId(2), text: 'm2' }],
      ['late repeat of other words', { type: 'send', actor: BOB, commandId: oldId(2), text: 'other' }],
    ];
    for (const [name, command] of asked) {
      const lag = 500;
      const { world, counted } = open(lookupOf(MESSAGES, MESSAGES + 1 - lag));
      const cold = await run(world, command);
      expect([name, counted.reads.events]).toEqual([name, expect.toSatisfy((n: number) => n < 3_000)]);
      expect(cold).toEqual(
        name === 'late repeat of other words' ? 'message-id-reused' : expect.objectContaining({ changed: true }),
      );
      counted.reads.events = 0;
      await run(world, { type: 'send', actor: BOB, text: 'again' });
      expect(counted.reads.events).toBe(0); // a fresh send reads nothing at all
      await run(world, { type: 'edit', actor: BOB, messageId: oldId(3), text: name });
      expect(counted.reads.events).toBeLessThan(1_000);
    }
  }, 60_000);

  test('sends and changes of recent messages go on without the lookup; the far past is unavailable meanwhile', async () => {
    const { world, counted } = open(failing);
    const recent = world.id();
    expect(
      await run(world, { type: 'send', actor: BOB, commandId: recent, text: 'a', replyTo: oldId(MESSAGES - 10) }),
    ).toMatchObject({ changed: true });
    expect(await run(world, { type: 'edit', actor: BOB, messageId: recent, text: 'b' })).toMatchObject({
      changed: true,
    });
    expect(
      await run(world, { type: 'react', actor: ANN, messageId: oldId(MESSAGES - 100), emoji: '👍' }),
    ).toMatchObject({ changed: true });
    expect(world.faults).toEqual([]);
    expect(await run(world, { type: 'edit', actor: BOB, messageId: oldId(1), text: 'b' })).toBe('unavailable');
    expect(await run(world, { type: 'send', actor: BOB, commandId: oldId(1), text: 'm1' })).toBe('unavailable');
    expect(world.faults).toHaveLength(2);
    expect(counted.reads.events).toBeLessThan(5_000);
  });

  test('an id of the past that was never used is known to be new', async () => {
    const { world } = open(lookupOf(MESSAGES, MESSAGES - 100));
    const commandId = ulidAt(NOW + 10 * MINUTE_MS, 77);
    expect(await run(world, { type: 'send', actor: BOB, commandId, text: 'late' })).toMatchObject({
      changed: true,
      repeated: false,
    });
    expect(await run(world, { type: 'send', actor: BOB, commandId, text: 'late' })).toMatchObject({
      changed: true,
      repeated: true,
    });
    expect(await run(world, { type: 'edit', actor: BOB, messageId: ulidAt(NOW + 10 * MINUTE_MS, 78), text: 'x' })).toBe(
      'message-not-found',
    );
  });
});

test('a snapshot that does not fit the log is left aside', async () => {
  const snapshots = memorySnapshots();
  const base = createMemoryEventStore({ clock: () => NOW });
  await group(createWorld({ store: base }));
  const store = longChat(base, 1_200);
  const first = createWorld({ store, snapshots });
  await first.commands.access(GROUP, ANN);
  const [saved] = snapshots.saved.values();
  expect(saved).toBeDefined();
  const broken = [
    saved?.state.replace(/"lastEventId":"[^"]+"/, '"lastEventId":"other"').replaceAll(BOB, EVIL) ?? '',
    saved?.state.replace(/"seq":1201/, '"seq":9999').replaceAll(BOB, EVIL) ?? '',
    '{"v":99}',
    'not JSON',
  ];
  for (const state of broken) {
    snapshots.saved.set(chatStream(GROUP), { revision: 1_200, state });
    const world = createWorld({ store, snapshots });
    expect((await world.commands.access(GROUP, BOB))?.role).toBe('member');
    expect((await world.commands.access(GROUP, EVIL))?.role).toBeNull();
  }
});
const EVIL = user(66);

test('a message of many reactions is decided on without holding them all', async () => {
  const base = createMemoryEventStore({ clock: () => NOW });
  await group(createWorld({ store: base }));
  const store = longChat(base, 700);
  const stands = new Map([
    ['👍', 100_000],
    ['❤️', 1],
  ]);
  const asked: unknown[] = [];
  const lookup: MessageLookup = {
    find: async ({ reactions }) => {
      asked.push(...reactions);
      const reacted = reactions.filter(({ userId, emoji }) => userId === ANN && stands.has(emoji));
      const message = {
        senderId: BOB,
        rev: 100_002,
        deleted: false,
        text: 'm1',
        mentions: [],
        emojis: stands,
        reacted,
      };
      return { throughSeq: 701, found: new Map([[oldId(1), { seq: 2, message }]]) };
    },
  };
  const world = createWorld({ store, lookup });
  world.time.now = NOW + 701 * MINUTE_MS;
  const react = (type: 'react' | 'unreact', actor: string, emoji: string) =>
    run(world, { type, actor, messageId: oldId(1), emoji });
  expect(await react('react', ANN, '👍')).toMatchObject({ changed: false });
  expect(await react('react', BOB, '👍')).toMatchObject({ changed: true });
  expect(await react('react', BOB, '👍')).toMatchObject({ changed: false });
  expect(await react('unreact', CID, '👍')).toMatchObject({ changed: false });
  expect(await react('unreact', ANN, '❤️')).toMatchObject({ changed: true });
  expect(await react('react', ANN, '❤️')).toMatchObject({ changed: true });
  expect((await facts(world)).slice(-3).map(({ data }) => (data as { rev: number }).rev)).toEqual([
    100_003, 100_004, 100_005,
  ]);
  expect(asked).toHaveLength(4); // once for each reaction, not for each command
});

/** What a random visitor to a long chat asks for, over old and recent messages alike. */
const USERS = [ANN, BOB, CID, DEE];
const target = fc.oneof(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 600, max: 606 })).map(oldId);
const actor = fc.constantFrom(...USERS);
const emoji = fc.constantFrom('👍', '❤️');
const request: fc.Arbitrary<Loose> = fc.oneof(
  fc.record({
    type: fc.constant('edit' as const),
    actor: fc.constant(BOB),
    messageId: target,
    text: fc.constantFrom('a', 'b'),
  }),
  fc.record({ type: fc.constant('delete' as const), actor, messageId: target }),
  fc.record({ type: fc.constantFrom('react' as const, 'unreact' as const), actor, messageId: target, emoji }),
  fc.record({
    type: fc.constant('send' as const),
    actor,
    commandId: target,
    text: fc.constantFrom('m1', 'm2', 'm600'),
  }),
  fc.record({ type: fc.constant('send' as const), actor, replyTo: target, text: fc.constant('r') }),
  fc.record({ type: fc.constant('put-member' as const), actor: fc.constant(ANN), userId: fc.constant(DEE) }),
  fc.record({ type: fc.constant('remove-member' as const), actor: fc.constant(ANN), userId: fc.constant(DEE) }),
);

test('what is decided never depends on how much of the past is at hand, nor on how old the lookup is', async () => {
  const lags = fc.array(fc.constantFrom('fresh', 'stale', 'empty', 'down'), { minLength: 1, maxLength: 8 });
  const flights = fc.array(fc.array(request, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(flights, lags, async (all, plan) => {
      const clock = () => NOW + 702 * MINUTE_MS;
      const played = async (forgetful: boolean): Promise<unknown[]> => {
        const base = createMemoryEventStore({ clock });
        await group(createWorld({ store: base }), { historyVisibility: 'since-join' });
        const store = longChat(base, 700);
        const heads = { n: 0 };
        const lookup = {
          find: async (query: Parameters<MessageLookup['find']>[0]) => {
            const how = plan[heads.n++ % plan.length];
            if (how === 'down') throw new Error('down');
            return foldingLookup(store, (head) => (how === 'fresh' ? head : how === 'stale' ? head - 90 : 0)).find(
              query,
            );
          },
        };
        let world = createWorld({ store, lookup });
        // At first every id is too young to leave the window; later all that can have left it.
        world.time.now = forgetful ? clock() : NOW;
        const answers: unknown[] = [];
        let n = 0;
        for (const flight of all) {
          if (forgetful) world = createWorld({ store, lookup }); // a restart each time
          if (forgetful) world.time.now = clock();
          const withIds = flight.map((command) => ({ commandId: ulidAt(NOW, 70_000 + n++), ...command }) as Loose);
          const replies = await Promise.all(withIds.map((command) => run(world, command)));
          answers.push(
            ...replies.map((reply) =>
              typeof reply === 'string' ? reply : { seq: reply.seq, changed: reply.changed, repeated: reply.repeated },
            ),
          );
        }
        return [answers, await facts(world)];
      };
      expect(await played(true)).toEqual(await played(false));
    }),
    { numRuns: 40 },
  );
}, 60_000);

test('who is added in the same flight finds the old messages too', async () => {
  const world = createWorld();
  await group(world);
  const commandId = world.id();
  await run(world, { type: 'send', actor: ANN, commandId, text: 'old' });
  for (let minute = 0; minute < 600; minute++) {
    world.time.now += MINUTE_MS;
    await run(world, { type: 'send', actor: ANN, text: 'newer' });
  }
  const [added, reacted] = await Promise.all([
    run(world, { type: 'put-member', actor: ANN, userId: DEE }),
    run(world, { type: 'react', actor: DEE, messageId: commandId, emoji: '👍' }),
  ]);
  expect([added, reacted]).toMatchObject([{ seq: 603 }, { seq: 604, changed: true }]);
});
