import { expect, test } from 'vitest';
import { ANN, BOB, createWorld, EVE, facts, group, NOW, run, ulidAt } from '../support/commands.ts';

test('a member sends, edits, reacts and deletes; each becomes one event with the next seq', async () => {
  const world = createWorld();
  await group(world);
  const m = ulidAt(NOW, 77);
  expect(await run(world, { type: 'send', actor: BOB, commandId: m, text: 'hi' })).toMatchObject({ seq: 2, messageId: m, changed: true, repeated: false });
  expect(await run(world, { type: 'edit', actor: BOB, messageId: m, text: 'ho' })).toMatchObject({ seq: 3, messageId: m });
  expect(await run(world, { type: 'react', actor: ANN, messageId: m, emoji: '❤' })).toMatchObject({ seq: 4 });
  expect(await run(world, { type: 'unreact', actor: ANN, messageId: m, emoji: '❤️' })).toMatchObject({ seq: 5 });
  expect(await run(world, { type: 'delete', actor: ANN, messageId: m })).toMatchObject({ seq: 6 });
  expect(await run(world, { type: 'send', actor: EVE, text: 'x' })).toBe('chat-not-found');
  const changed = { messageId: m, messageSeq: 2 };
  expect((await facts(world)).slice(1)).toEqual([
    { type: 'MessageSent', actor: BOB, data: { messageId: m, number: 1, text: { enc: 'plain', text: 'hi' } } },
    { type: 'MessageEdited', actor: BOB, data: { ...changed, rev: 2, text: { enc: 'plain', text: 'ho' } } },
    { type: 'ReactionAdded', actor: ANN, data: { ...changed, rev: 3, emoji: '❤️' } },
    { type: 'ReactionRemoved', actor: ANN, data: { ...changed, rev: 4, emoji: '❤️' } },
    { type: 'MessageDeleted', actor: ANN, data: { ...changed, rev: 5 } },
  ]);
});
