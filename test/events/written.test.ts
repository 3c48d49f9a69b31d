import { expect, test } from 'vitest';
import { CHAT_EVENT_TYPES } from '../../events/chat.ts';
import { type RecordedEvent, START } from '../../events/event-store.ts';
import { directChatId } from '../../events/ids.ts';
import { categoryOf } from '../../events/streams.ts';
import { ANN, BOB, CID, createWorld, DEE, GROUP, group, run, user, type World } from '../support/commands.ts';
import { goldenCases } from './golden-files.ts';

/** Everything that is written today, by the commands themselves. */
async function writeEverything(): Promise<RecordedEvent[]> {
  const world = createWorld();
  await group(world);
  await changeMembers(world);
  await changeMessages(world);
  await changeUsers(world);
  return world.store.readAll({ after: START, limit: 1_000 });
}

async function changeMembers(world: World): Promise<void> {
  await run(world, { type: 'start-chat', actor: ANN, kind: 'direct', chatId: directChatId(ANN, BOB), members: [BOB] });
  await run(world, { type: 'rename-chat', actor: ANN, title: 'other' });
  await run(world, { type: 'put-member', actor: ANN, userId: DEE });
  await run(world, { type: 'put-member', actor: ANN, userId: BOB, role: 'admin' });
  await run(world, { type: 'remove-member', actor: ANN, userId: CID });
}

async function changeMessages(world: World): Promise<void> {
  const [first, second] = [world.id(), world.id()];
  await run(world, { type: 'send', actor: ANN, commandId: first, text: 'one' });
  await run(world, { type: 'send', actor: BOB, commandId: second, text: 'two', replyTo: first, mentions: [ANN] });
  await run(world, { type: 'edit', actor: BOB, messageId: second, text: 'two!' });
  await run(world, { type: 'edit', actor: ANN, messageId: first, text: 'one!' });
  await run(world, { type: 'react', actor: ANN, messageId: second, emoji: '👍' });
  await run(world, { type: 'unreact', actor: ANN, messageId: second, emoji: '👍' });
  await run(world, { type: 'delete', actor: ANN, messageId: first });
  await world.commands.moveReceipts({ actor: ANN, chatId: GROUP, readSeq: 8 });
  await world.commands.moveReceipts({ actor: BOB, chatId: GROUP, readSeq: 99 });
}

async function changeUsers({ commands, id }: World): Promise<void> {
  const userId = user(77);
  await commands.registerUser({ userId, username: 'new', displayName: 'New', password: true, commandId: id() });
  await commands.renameUser({ userId, displayName: 'Newer', commandId: id() });
  await commands.passwordChanged({ userId, commandId: id() });
  await commands.setRoles({ actor: ANN, userId, roles: ['user', 'ops'], commandId: id() });
  const acted = { action: 'rebuild', target: 'members', outcome: 'accepted' };
  await commands.recordOps({ actor: ANN, area: 'projections', type: 'OperatorActed', data: acted });
  const read = { content: true, filter: { type: 'MessageSent' } };
  await commands.recordOps({ actor: ANN, area: 'events', type: 'EventsRead', data: read });
}

test('what is written today lies in the log as the golden files have it', async () => {
  const written = await writeEverything();
  const names = new Set(written.map(({ stream, type }) => `${categoryOf(stream)}/${type}`));
  const wanted = [
    ...CHAT_EVENT_TYPES.map((type) => `chat/${type}`),
    ...['UserRegistered', 'UserRenamed', 'UserPasswordChanged', 'UserRolesSet'].map((type) => `user/${type}`),
    'username/UsernameReserved',
    'receipts/ReceiptsMoved',
    'ops/OperatorActed',
    'ops/EventsRead',
  ];
  expect([...names].toSorted()).toEqual(wanted.toSorted());

  const strange = written.flatMap(({ stream, type, data, metadata }) => {
    const { v } = JSON.parse(metadata) as { v: number };
    const name = `${categoryOf(stream)}/${type}.v${v}`;
    const golden = goldenCases.filter(({ file }) => file.name === name);
    const known = new Set(golden.flatMap(({ stored }) => fields({ data: stored.data, metadata: stored.metadata })));
    const found = fields({ data: JSON.parse(data), metadata: JSON.parse(metadata) });
    return found.filter((field) => !known.has(field)).map((field) => `${name}: ${field}`);
  });
  expect(strange).toEqual([]);
});

/** Every field of a JSON value with its kind, as `data.text.enc: string`; the places of a list are one. */
function fields(value: unknown, at = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((each) => fields(each, `${at}[]`));
  if (typeof value !== 'object' || value === null) return [`${at}: ${value === null ? 'null' : typeof value}`];
  return Object.entries(value).flatMap(([key, inner]) => fields(inner, at === '' ? key : `${at}.${key}`));
}
