import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { chatStream } from '../../events/streams.ts';
import { ANN, BOB, createWorld, GROUP, group, NOW, run, type World } from '../support/commands.ts';

/** A group with a message, and then an event that no command has written. */
async function worldWith(type: string, data: string, metadata?: string): Promise<World> {
  const world = createWorld();
  await group(world);
  await send(world);
  const [last] = await world.store.readStream(chatStream(GROUP), { direction: 'backwards', limit: 1 });
  const id = world.id();
  const sound = JSON.stringify({ v: 1, actor: ANN, at: NOW, commandId: id, correlationId: id });
  const event = { eventId: randomUUID(), type, data, metadata: metadata ?? sound };
  await world.store.append(chatStream(GROUP), last?.revision ?? -1, [event]);
  // Another process, which has only the log.
  return createWorld({ store: world.store });
}

const send = (world: World) => run(world, { type: 'send', actor: BOB, text: 'hello' });

test.each([
  ['MessageSent', '{broken', undefined],
  ['MessageSent', '{"messageId":7}', undefined],
  ['ReactionAdded', '{}', undefined],
  ['ChatRenamed', '[]', undefined],
  ['MessageSent', '{}', 'no metadata'],
])('a chat goes on after a damaged %s (%s)', async (type, data, metadata) => {
  const world = await worldWith(type, data, metadata);
  expect(await send(world)).toMatchObject({ seq: 4 });
  expect(await world.commands.access(GROUP, BOB)).toMatchObject({ role: 'member' });
});

test('the number of a damaged message is given to no other', async () => {
  const world = await worldWith('MessageSent', '{broken');
  await send(world);
  const [last] = await world.store.readStream(chatStream(GROUP), { direction: 'backwards', limit: 1 });
  expect(JSON.parse(last?.data ?? '')).toMatchObject({ number: 3 });
});

test.each(['MemberRemoved', 'MemberRoleChanged'])(
  'where a %s is damaged nobody can say who may do what',
  async (type) => {
    const world = await worldWith(type, '{broken');
    await expect(send(world)).rejects.toMatchObject({ code: 'malformed-event' });
    await expect(world.commands.access(GROUP, BOB)).rejects.toMatchObject({ code: 'malformed-event' });
  },
);

test('nothing is decided without an event of a younger version', async () => {
  const id = '01HZZZZZZZZZZZZZZZZZZZZZZZ';
  const metadata = { v: 99, actor: ANN, at: NOW, commandId: id, correlationId: id };
  const world = await worldWith('MessageSent', '{}', JSON.stringify(metadata));
  await expect(send(world)).rejects.toMatchObject({ code: 'malformed-event' });
});
