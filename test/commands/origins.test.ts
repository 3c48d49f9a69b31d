import { expect, test } from 'vitest';
import { decodeMetadata } from '../../events/codec.ts';
import { chatStream, receiptsStream } from '../../events/streams.ts';
import { ANN, BOB, createWorld, GROUP, group, run, type World } from '../support/commands.ts';

const TRACES = ['a', 'b', 'c'].map((digit) => `00-${digit.repeat(32)}-${digit.repeat(16)}-01`);

const recorded = async (world: World, stream = chatStream(GROUP)) =>
  (await world.store.readStream(stream, { limit: 100 })).map(decodeMetadata);

test('an event says which undertaking it belongs to and which command led to it', async () => {
  const world = createWorld();
  await group(world);
  const [correlationId, causationId] = [world.id(), world.id()];
  await run(world, { type: 'send', actor: ANN, text: 'a', correlationId, causationId });
  await run(world, { type: 'send', actor: ANN, text: 'b' });
  const [, first, second] = await recorded(world);
  expect(first).toMatchObject({ correlationId, causationId });
  expect(second).toMatchObject({ correlationId: second?.commandId });
  expect(second).not.toHaveProperty('causationId');
});

test('nobody passes for an import, whose events are known by a correlation id without a time', async () => {
  const world = createWorld();
  await group(world);
  const correlationId = `0000000000${'X'.repeat(16)}`;
  expect(await run(world, { type: 'send', actor: ANN, text: 'a', correlationId })).toBe('bad-request');
});

test('commands that are appended together keep the trace that each came with', async () => {
  let current: string | undefined;
  const world = createWorld({ trace: () => current });
  await group(world);
  const sent = TRACES.map((traceparent) => {
    current = traceparent;
    return run(world, { type: 'send', actor: ANN, text: 'traced' });
  });
  current = undefined; // what follows is in no trace
  await Promise.all(sent);
  expect((await recorded(world)).map(({ traceparent }) => traceparent)).toEqual([undefined, ...TRACES]);
});

test('the trace of a command may be given, and short streams record theirs too', async () => {
  const [given, asked] = TRACES as [string, string];
  const world = createWorld({ trace: () => asked });
  await group(world);
  await run(world, { type: 'send', actor: ANN, text: 'x', traceparent: given });
  await world.commands.moveReceipts({ actor: BOB, chatId: GROUP, readSeq: 2 });
  expect((await recorded(world)).at(-1)?.traceparent).toBe(given);
  expect(await recorded(world, receiptsStream(GROUP, BOB))).toMatchObject([{ traceparent: asked }]);
});

test('without tracing metadata holds nothing of it', async () => {
  const world = createWorld();
  await group(world);
  await run(world, { type: 'send', actor: ANN, text: 'x' });
  for (const event of await world.store.readStream(chatStream(GROUP), { limit: 10 }))
    expect(Object.keys(JSON.parse(event.metadata))).toEqual(['v', 'actor', 'at', 'commandId', 'correlationId']);
});
