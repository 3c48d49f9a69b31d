import { expect, test } from 'vitest';
import { receiptsStream } from '../../events/streams.ts';
import { ANN, BOB, createWorld, EVE, GROUP, group, run, type World } from '../support/commands.ts';

const move = async (world: World, marks: { readSeq?: number; deliveredSeq?: number }, actor = BOB) => {
  const outcome = await world.commands.moveReceipts({ actor, chatId: GROUP, ...marks });
  return outcome.ok ? outcome.value : outcome.rejection.code;
};
const recorded = async (world: World, actor = BOB) =>
  (await world.store.readStream(receiptsStream(GROUP, actor), { limit: 100 })).map(({ data }) => JSON.parse(data));

async function talk(): Promise<World> {
  const world = createWorld();
  await group(world);
  for (const text of ['a', 'b', 'c']) await run(world, { type: 'send', actor: ANN, text });
  return world;
}

test('marks are cumulative and never fall, and what is read was delivered', async () => {
  const world = await talk();
  expect(await move(world, { deliveredSeq: 3 })).toEqual({ readSeq: 1, deliveredSeq: 3 });
  expect(await move(world, { readSeq: 4 })).toEqual({ readSeq: 4, deliveredSeq: 4 });
  expect(await move(world, { readSeq: 2, deliveredSeq: 1 })).toEqual({ readSeq: 4, deliveredSeq: 4 });
  expect(await move(world, {})).toEqual({ readSeq: 4, deliveredSeq: 4 });
  expect(await recorded(world)).toEqual([
    { readSeq: 1, deliveredSeq: 3 },
    { readSeq: 4, deliveredSeq: 4 },
  ]);
});

test('a mark past the head stands at the head', async () => {
  const world = await talk();
  expect(await move(world, { readSeq: 1_000 })).toEqual({ readSeq: 4, deliveredSeq: 4 });
});

test('sending moves my mark without an event of its own', async () => {
  const world = await talk();
  await run(world, { type: 'send', actor: BOB, text: 'd' });
  expect(await move(world, { readSeq: 3 })).toEqual({ readSeq: 5, deliveredSeq: 5 });
  expect(await recorded(world)).toEqual([]);
});

test('a mark begins anew at my own coming', async () => {
  const world = await talk();
  await run(world, { type: 'remove-member', actor: ANN, userId: BOB });
  expect(await move(world, { readSeq: 3 })).toBe('chat-not-found');
  await run(world, { type: 'put-member', actor: ANN, userId: BOB });
  expect(await move(world, { readSeq: 3 })).toEqual({ readSeq: 6, deliveredSeq: 6 });
});

test('only members have marks', async () => {
  const world = await talk();
  expect(await move(world, { readSeq: 3 }, EVE)).toBe('chat-not-found');
});

test('marks that move at once end at the highest', async () => {
  const world = await talk();
  await Promise.all([4, 2, 3, 4].map((readSeq) => move(world, { readSeq })));
  expect((await recorded(world)).at(-1)).toEqual({ readSeq: 4, deliveredSeq: 4 });
});
