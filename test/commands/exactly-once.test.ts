import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ChatReply } from '../../commands/index.ts';
import { decode } from '../../events/codec.ts';
import { chatStream } from '../../events/streams.ts';
import {
  ANN,
  BOB,
  createWorld,
  facts,
  GROUP,
  group,
  type Loose,
  NOW,
  run,
  ulidAt,
  type World,
} from '../support/commands.ts';
import { type Fate, faulty } from '../support/faulty-event-store.ts';
import { createMemoryEventStore } from '../support/memory/event-store.ts';

test('twenty clients at once in one chat: every send one event, no conflict seen', async () => {
  const flights: number[] = [];
  const plain = createMemoryEventStore({ clock: () => NOW });
  const store = faulty(plain, async ({ events }): Promise<Fate> => {
    flights.push(events.length);
    await Promise.resolve();
    return 'fine';
  });
  const world = createWorld({ store });
  await group(world);
  const client = async (n: number): Promise<void> => {
    for (let i = 0; i < 50; i++) {
      const reply = await run(world, { type: 'send', actor: n % 2 === 0 ? ANN : BOB, text: `${n}.${i}` });
      expect(reply).toMatchObject({ changed: true });
    }
  };
  await Promise.all(Array.from({ length: 20 }, (_, n) => client(n)));
  const sent = (await facts(world)).filter(({ type }) => type === 'MessageSent');
  expect(new Set(sent.map(({ data }) => (data as { text: { text: string } }).text.text)).size).toBe(1_000);
  expect(sent.map(({ data }) => (data as { number: number }).number)).toEqual(sent.map((_, i) => i + 1));
  expect(flights.length).toBeLessThan(300); // they share flights
});

const ID_COUNT = 6;
const idOf = (n: number): string => ulidAt(NOW, 900 + n);
/** What one client keeps asking for under one id: always the same. */
const commandOf = (n: number): Loose =>
  n % 3 === 2
    ? { type: 'put-member', actor: ANN, userId: BOB, role: n % 2 === 0 ? 'admin' : 'member', commandId: idOf(n) }
    : { type: 'send', actor: n % 2 === 0 ? ANN : BOB, text: `text ${n}`, commandId: idOf(n) };

test('any interleaving of retries, two writers and unknown outcomes: one event for each id, one answer, no gaps', async () => {
  const step = fc.record({ id: fc.nat(ID_COUNT - 1), writer: fc.nat(1), together: fc.boolean() });
  const fates = fc.array(fc.constantFrom<Fate>('fine', 'fine', 'lost', 'late', 'unavailable'), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30 }), fates, async (steps, plan) => {
      const plain = createMemoryEventStore({ clock: () => NOW });
      await group(createWorld({ store: plain }));
      const rest = [...plan];
      const worlds = [0, 1].map(() => createWorld({ store: faulty(plain, () => rest.shift() ?? 'fine') })) as [
        World,
        World,
      ];
      const answers = new Map<number, ChatReply[]>();
      let going: Promise<void>[] = [];
      for (const { id, writer, together } of steps) {
        const ask = async (): Promise<void> => {
          const reply = await run(worlds[writer as 0 | 1], commandOf(id));
          if (typeof reply === 'string')
            expect(reply).toBe('unreachable'); // no client may see a refusal here
          else answers.set(id, [...(answers.get(id) ?? []), reply]);
        };
        going.push(ask());
        if (!together) {
          await settle(going, worlds);
          going = [];
          for (const { time } of worlds) time.now += 7;
        }
      }
      await settle(going, worlds);
      await check(plain, answers);
    }),
    { numRuns: 100 },
  );
}, 60_000);

async function settle(going: readonly Promise<void>[], worlds: readonly World[]): Promise<void> {
  let done = false;
  const all = Promise.all(going).finally(() => {
    done = true;
  });
  while (!done) await Promise.all(worlds.map(({ timer }) => timer.run(100)));
  await all;
}

async function check(
  store: ReturnType<typeof createMemoryEventStore>,
  answers: ReadonlyMap<number, readonly ChatReply[]>,
): Promise<void> {
  const events = await store.readStream(chatStream(GROUP), { limit: 1_000 });
  const seqs = new Map<string, number[]>();
  events.forEach((event, i) => {
    expect(event.revision).toBe(i);
    const { commandId } = decode(event).metadata;
    seqs.set(commandId, [...(seqs.get(commandId) ?? []), i + 1]);
  });
  for (const [id, replies] of answers) {
    const stored = seqs.get(idOf(id)) ?? [];
    expect(stored.length).toBeLessThanOrEqual(1);
    const changed = replies.filter((reply) => reply.changed);
    for (const reply of changed) expect(reply.seq).toBe(stored[0]);
    expect(new Set(changed.map(({ at }) => at)).size).toBeLessThanOrEqual(1);
  }
}

test('two processes that are given one id for different things at once: the second is told', async () => {
  const store = createMemoryEventStore({ clock: () => NOW });
  const worlds = [createWorld({ store }), createWorld({ store })] as const;
  await group(worlds[0]);
  for (const world of worlds) await world.commands.access(GROUP, ANN); // both know the chat as it is now
  const commandId = idOf(0);
  expect(await run(worlds[0], { type: 'send', actor: ANN, text: 'one', commandId })).toMatchObject({ seq: 2 });
  expect(await run(worlds[1], { type: 'send', actor: ANN, text: 'two', commandId })).toBe('message-id-reused');
  expect(await run(worlds[1], { type: 'send', actor: BOB, text: 'one', commandId })).toBe('message-id-reused');
  expect(await facts(worlds[0])).toHaveLength(2);
});
