import { describe, expect, test } from 'vitest';
import { directChatId } from '../../events/ids.ts';
import { emoji } from '../../infra/system/emoji.ts';
import { ANN, BOB, CID, createWorld, DEE, EVE, facts, GROUP, group, NOW, run, ulidAt } from '../support/commands.ts';
import { scenarios } from '../support/scenario.ts';

const M = ulidAt(NOW, 501);
const N = ulidAt(NOW, 502);
const words = (text: string) => ({ enc: 'plain', text });
const sent = { type: 'send', actor: BOB, commandId: M, text: 'one' } as const;
const deleted = { type: 'delete', actor: BOB, messageId: M } as const;
const about = (rev: number) => ({ messageId: M, messageSeq: 2, rev });
const message = (text: string, more: object = {}) => ({
  type: 'MessageSent',
  data: { messageId: N, number: 1, text: words(text), ...more },
});
const send = { type: 'send', actor: BOB, commandId: N } as const;

describe('sending', () => {
  scenarios([
    { name: 'a member sends', when: { ...send, text: 'hi' }, leadsTo: [message('hi')] },
    { name: 'text is stored in NFC', when: { ...send, text: 'e\u0301' }, leadsTo: [message('\u00e9')] },
    { name: 'blanks are text', when: { ...send, text: ' ' }, leadsTo: [message(' ')] },
    {
      name: '8,000 code points fit, whatever they take in UTF-16',
      when: { ...send, text: '😀'.repeat(8000) },
      leadsTo: [message('😀'.repeat(8000))],
    },
    { name: '8,001 do not', when: { ...send, text: 'a'.repeat(8001) }, leadsTo: 'bad-request' },
    { name: '8,001 of two units each do not', when: { ...send, text: '😀'.repeat(8001) }, leadsTo: 'bad-request' },
    { name: 'empty text', when: { ...send, text: '' }, leadsTo: 'bad-request' },
    { name: 'U+0000', when: { ...send, text: 'a\0b' }, leadsTo: 'bad-request' },
    { name: 'a lone surrogate', when: { ...send, text: 'a\ud800b' }, leadsTo: 'bad-request' },
    { name: 'files are not there yet', when: { ...send, text: 'x', fileIds: [ulidAt(NOW, 1)] }, leadsTo: 'not-found' },
    { name: 'who is no member sees no chat', when: { ...send, actor: EVE, text: 'x' }, leadsTo: 'chat-not-found' },
    {
      name: 'nor is there a chat that never was',
      when: { ...send, chatId: ulidAt(NOW, 99), text: 'x' },
      leadsTo: 'chat-not-found',
    },
    {
      name: 'who was removed sees no chat either',
      given: [{ type: 'remove-member', actor: ANN, userId: BOB }],
      when: { ...send, text: 'x' },
      leadsTo: 'chat-not-found',
    },
    {
      name: 'mentions are kept once each, and only users',
      when: { ...send, text: 'x', mentions: [ANN, 'nobody', CID, ANN] },
      leadsTo: [message('x', { mentions: [ANN, CID] })],
    },
    {
      name: 'too many mentions',
      when: { ...send, text: 'x', mentions: Array.from({ length: 101 }, () => ANN) },
      leadsTo: 'bad-request',
    },
    {
      name: 'a reply names the message and its seq',
      given: [sent],
      when: { ...send, text: 'yes', replyTo: M },
      leadsTo: [message('yes', { number: 2, replyTo: { messageId: M, seq: 2 } })],
    },
    { name: 'a reply to what is not there', when: { ...send, text: 'yes', replyTo: M }, leadsTo: 'message-not-found' },
    {
      name: 'a reply to the id of another command',
      given: [{ type: 'rename-chat', actor: ANN, title: 'h', commandId: M }],
      when: { ...send, text: 'yes', replyTo: M },
      leadsTo: 'message-not-found',
    },
    {
      name: 'a reply to what was said before one came, where the past is closed',
      settings: { historyVisibility: 'since-join' },
      given: [sent, { type: 'put-member', actor: ANN, userId: DEE }],
      when: { ...send, actor: DEE, text: 'yes', replyTo: M },
      leadsTo: 'message-not-found',
    },
    {
      name: 'a reply to what one saw in an earlier stay',
      settings: { historyVisibility: 'since-join' },
      given: [
        sent,
        { type: 'remove-member', actor: ANN, userId: CID },
        { type: 'put-member', actor: ANN, userId: CID },
      ],
      when: { ...send, actor: CID, text: 'yes', replyTo: M },
      leadsTo: [message('yes', { number: 2, replyTo: { messageId: M, seq: 2 } })],
    },
    {
      name: 'an id from the future',
      when: { ...send, commandId: ulidAt(NOW + 120_001, 0), text: 'x' },
      leadsTo: 'id-from-the-future',
    },
    {
      name: 'an id just not from the future',
      when: { ...send, commandId: ulidAt(NOW + 120_000, 31), text: 'x' },
      leadsTo: [{ type: 'MessageSent', data: { messageId: ulidAt(NOW + 120_000, 31), number: 1, text: words('x') } }],
    },
  ]);
});

describe('editing and deleting', () => {
  scenarios([
    {
      name: 'the author edits',
      given: [sent],
      when: { type: 'edit', actor: BOB, messageId: M, text: 'two' },
      leadsTo: [{ type: 'MessageEdited', data: { ...about(2), text: words('two') } }],
    },
    {
      name: 'an admin does not edit',
      given: [sent],
      when: { type: 'edit', actor: ANN, messageId: M, text: 'two' },
      leadsTo: 'forbidden',
    },
    {
      name: 'the same text changes nothing',
      given: [sent],
      when: { type: 'edit', actor: BOB, messageId: M, text: 'one' },
      leadsTo: 'nothing',
    },
    {
      name: 'an edit obeys the rules of text',
      given: [sent],
      when: { type: 'edit', actor: BOB, messageId: M, text: '' },
      leadsTo: 'bad-request',
    },
    {
      name: 'mentions that an edit leaves out stay',
      given: [{ ...sent, mentions: [ANN] }],
      when: { type: 'edit', actor: BOB, messageId: M, text: 'two' },
      leadsTo: [{ type: 'MessageEdited', data: { ...about(2), text: words('two'), mentions: [ANN] } }],
    },
    {
      name: 'mentions alone can change',
      given: [{ ...sent, mentions: [ANN] }],
      when: { type: 'edit', actor: BOB, messageId: M, text: 'one', mentions: [] },
      leadsTo: [{ type: 'MessageEdited', data: { ...about(2), text: words('one') } }],
    },
    {
      name: 'a deleted message is not edited',
      given: [sent, deleted],
      when: { type: 'edit', actor: BOB, messageId: M, text: 'x' },
      leadsTo: 'message-deleted',
    },
    {
      name: 'there is nothing to edit',
      when: { type: 'edit', actor: BOB, messageId: M, text: 'x' },
      leadsTo: 'message-not-found',
    },
    { name: 'the author deletes', given: [sent], when: deleted, leadsTo: [{ type: 'MessageDeleted', data: about(2) }] },
    {
      name: 'an admin deletes',
      given: [sent],
      when: { ...deleted, actor: ANN },
      leadsTo: [{ type: 'MessageDeleted', data: about(2) }],
    },
    { name: 'another member does not', given: [sent], when: { ...deleted, actor: CID }, leadsTo: 'forbidden' },
    {
      name: 'a second delete changes nothing',
      given: [sent, deleted],
      when: { ...deleted, actor: ANN },
      leadsTo: 'nothing',
    },
    {
      name: 'an admin deletes nothing that they cannot see',
      settings: { historyVisibility: 'since-join' },
      given: [sent, { type: 'put-member', actor: ANN, userId: DEE, role: 'admin' }],
      when: { ...deleted, actor: DEE },
      leadsTo: 'message-not-found',
    },
  ]);
});

const react = { type: 'react', actor: CID, messageId: M, emoji: '👍' } as const;
const twenty = Array.from('😀😃😄😁😆😅🤣😂🙂🙃😉😊😇🥰😍🤩😘😗😚😙').map((face) => ({ ...react, emoji: face }));

describe('reacting', () => {
  scenarios([
    {
      name: 'a member reacts',
      given: [sent],
      when: react,
      leadsTo: [{ type: 'ReactionAdded', data: { ...about(2), emoji: '👍' } }],
    },
    {
      name: 'an emoji is stored fully qualified',
      given: [sent],
      when: { ...react, emoji: '❤' },
      leadsTo: [{ type: 'ReactionAdded', data: { ...about(2), emoji: '❤\ufe0f' } }],
    },
    { name: 'twice changes nothing', given: [sent, react], when: react, leadsTo: 'nothing' },
    { name: 'a letter is no emoji', given: [sent], when: { ...react, emoji: 'a' }, leadsTo: 'bad-request' },
    { name: 'two emojis are not one', given: [sent], when: { ...react, emoji: '👍👍' }, leadsTo: 'bad-request' },
    { name: 'the 21st emoji', given: [sent, ...twenty], when: react, leadsTo: 'bad-request' },
    {
      name: 'one of the 20, by another',
      given: [sent, ...twenty],
      when: { ...react, actor: ANN, emoji: '😙' },
      leadsTo: [{ type: 'ReactionAdded', data: { ...about(22), emoji: '😙' } }],
    },
    {
      name: 'an emoji that nobody stands behind any more makes room',
      given: [sent, ...twenty, { ...react, type: 'unreact', emoji: '😀' }],
      when: react,
      leadsTo: [{ type: 'ReactionAdded', data: { ...about(23), emoji: '👍' } }],
    },
    { name: 'a deleted message', given: [sent, deleted], when: react, leadsTo: 'message-deleted' },
    {
      name: 'what was put is taken back',
      given: [sent, react],
      when: { ...react, type: 'unreact' },
      leadsTo: [{ type: 'ReactionRemoved', data: { ...about(3), emoji: '👍' } }],
    },
    {
      name: "another's reaction is not mine to take",
      given: [sent, react],
      when: { ...react, actor: ANN, type: 'unreact' },
      leadsTo: 'nothing',
    },
    { name: 'taking what is not there', given: [sent], when: { ...react, type: 'unreact' }, leadsTo: 'nothing' },
    {
      name: 'taking from a deleted message',
      given: [sent, react, deleted],
      when: { ...react, type: 'unreact' },
      leadsTo: 'nothing',
    },
  ]);
});

test('every way to write an emoji has one form; parts of emojis have none', () => {
  const forms = ['☺', '☺\ufe0f', '👍\ufe0f', '1\u20e3', '1\ufe0f\u20e3', '👩‍❤‍👨', '🏳️‍🌈', '🇩🇪', '🏴󠁧󠁢󠁳󠁣󠁴󠁿', '👋🏽'].map(
    emoji.qualify,
  );
  expect(forms).toEqual([
    '☺\ufe0f',
    '☺\ufe0f',
    '👍',
    '1\ufe0f\u20e3',
    '1\ufe0f\u20e3',
    '👩‍❤️‍👨',
    '🏳️‍🌈',
    '🇩🇪',
    '🏴󠁧󠁢󠁳󠁣󠁴󠁿',
    '👋🏽',
  ]);
  expect(
    ['', '1', '#', '\ufe0f', '🏽', '🇩', '👍 ', '👍👍', '\u200d', '©x']
      .map(emoji.qualify)
      .filter((form) => form !== null),
  ).toEqual([]);
});

test('in a direct chat only the author deletes', async () => {
  const world = createWorld();
  await group(world);
  const chatId = directChatId(ANN, BOB);
  await run(world, { type: 'start-chat', chatId, actor: ANN, kind: 'direct', members: [BOB] });
  await run(world, { ...sent, chatId });
  expect(await run(world, { ...deleted, chatId, actor: ANN })).toBe('forbidden');
  expect(await run(world, { ...deleted, chatId })).toMatchObject({ seq: 3 });
});

test('time never runs backwards in a chat', async () => {
  const world = createWorld();
  await group(world);
  const first = await run(world, { type: 'send', actor: ANN, text: 'a' });
  world.time.now -= 60_000;
  const second = await run(world, { type: 'send', actor: ANN, text: 'b' });
  world.time.now += 60_001;
  const third = await run(world, { type: 'send', actor: ANN, text: 'c' });
  const at = (time: number) => ({ at: new Date(time).toISOString() });
  expect([first, second, third]).toMatchObject([at(NOW), at(NOW), at(NOW + 1)]);
});

test('commands that come together are decided in the order in which they came', async () => {
  const world = createWorld();
  await group(world);
  const answers = await Promise.all([
    run(world, sent),
    run(world, { type: 'edit', actor: BOB, messageId: M, text: 'two' }),
    run(world, { type: 'remove-member', actor: BOB, userId: BOB }),
    run(world, { type: 'edit', actor: BOB, messageId: M, text: 'three' }),
    run(world, sent),
    run(world, { type: 'send', actor: ANN, text: 'x' }),
  ]);
  expect(answers).toMatchObject([
    { seq: 2 },
    { seq: 3 },
    { seq: 4 },
    'chat-not-found',
    { seq: 2, repeated: true },
    { seq: 5 },
  ]);
  expect((await facts(world, GROUP)).length).toBe(5);
});
