import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SignedIn } from '../support/protocol-client.ts';
import { type Asker, refusal, startAsker, UNKNOWN_ID } from './asker.ts';

/** What the contract leaves open and docs/protocol.md settles: each sentence of it asked of a real server. */
let asker: Asker;
let mara: SignedIn;
let ben: SignedIn;
let ask: Asker['ask'];
let group: Asker['group'];
let say: Asker['say'];
let latest: Asker['latest'];

beforeAll(async () => {
  asker = await startAsker();
  ({ mara, ben, ask, group, say, latest } = asker);
});
afterAll(() => asker?.server.stop());

describe('chats', () => {
  test('titles are trimmed, texts are not', async () => {
    const chatId = await group([], { title: '  Night owls\t' });
    const sent = await say(chatId, '  whoo \n');
    const page = await ask(`/chats/${chatId}/messages?minPosition=${sent.body.position}`);
    expect(page.body).toMatchObject({ title: 'Night owls', messages: [{ text: '  whoo \n' }] });
    expect((await say(chatId, ' ')).status).toBe(201);
    expect(refusal(await say(chatId, ''))).toEqual([400, 'bad-request']);
    expect(refusal(await ask(`/chats/${chatId}`, { method: 'PATCH', body: { title: ' \t' } }))).toEqual([
      400,
      'bad-request',
    ]);
  });

  test('two users have one direct chat, whoever asks, and nothing about it changes', async () => {
    const toBen = { body: { kind: 'direct', userId: ben.userId } };
    const first = await ask('/chats', toBen);
    expect(first.status).toBe(201);
    expect(await ask('/chats', toBen)).toMatchObject({ status: 200, body: { chatId: first.body.chatId, seq: 1 } });
    const fromBen = { as: ben, body: { kind: 'direct', userId: mara.userId } };
    expect(await ask('/chats', fromBen)).toMatchObject({ status: 200, body: { chatId: first.body.chatId } });
    const path = `/chats/${first.body.chatId}`;
    for (const answer of [
      await ask('/chats', { body: { kind: 'direct', userId: mara.userId } }),
      await ask(path, { method: 'PATCH', body: { title: 'a' } }),
      await ask(`${path}/members/${mara.userId}`, { method: 'DELETE' }),
      await ask(`${path}/members/${mara.userId}`, { method: 'PUT' }),
    ]) {
      expect(refusal(answer)).toEqual([422, 'direct-chat']);
    }
    const { messageId } = (await say(first.body.chatId, 'mine')).body;
    expect(refusal(await ask(`${path}/messages/${messageId}`, { as: ben, method: 'DELETE' }))).toEqual([
      403,
      'forbidden',
    ]);
  });

  test('who starts a group is its admin, named or not; unknown members are refused', async () => {
    const chatId = await group([mara, ben, ben]);
    const { body } = await ask(`/chats/${chatId}/members`);
    expect(body.members).toEqual(
      [
        { userId: mara.userId, role: 'admin', sinceSeq: 1 },
        { userId: ben.userId, role: 'member', sinceSeq: 1 },
      ].toSorted((a, b) => (a.userId < b.userId ? -1 : 1)),
    );
    const strange = await ask('/chats', { body: { kind: 'group', title: 'a', members: [UNKNOWN_ID] } });
    expect(refusal(strange)).toEqual([404, 'user-not-found']);
  });

  test('a PUT of a member without a role changes no role; the last admin stays, or leaves an heir', async () => {
    const chatId = await group();
    const member = `/chats/${chatId}/members/${mara.userId}`;
    expect((await ask(member, { method: 'PUT' })).body.changed).toBe(false);
    expect(refusal(await ask(member, { method: 'PUT', body: { role: 'member' } }))).toEqual([403, 'forbidden']);
    const left = await ask(member, { method: 'DELETE' });
    const events = await ask(`/chats/${chatId}/events?after=${left.body.seq - 1}`, { as: ben });
    expect(events.body.events).toMatchObject([
      { type: 'MemberRemoved', seq: 2 },
      { type: 'MemberRoleChanged', seq: 3, data: { userId: ben.userId, role: 'admin' } },
    ]);
  });

  test('marks are clamped to the head, never fall, and what is read is delivered', async () => {
    const chatId = await group();
    const move = async (body: object) => (await ask(`/chats/${chatId}/receipts`, { method: 'PUT', body })).body;
    expect(await move({ readSeq: 1 })).toEqual({ readSeq: 1, deliveredSeq: 1 });
    await say(chatId, 'a', { as: ben });
    expect(await move({ deliveredSeq: 500 })).toEqual({ readSeq: 1, deliveredSeq: 2 });
    expect(await move({ readSeq: 500, deliveredSeq: 1 })).toEqual({ readSeq: 2, deliveredSeq: 2 });
    expect(await move({ readSeq: 0 })).toEqual({ readSeq: 2, deliveredSeq: 2 });
  });

  test('as of a time to come is now, of 0 nothing, of a seq to come unknown', async () => {
    const chatId = await group();
    const at = async (asOf: string) => ask(`/chats/${chatId}/messages?asOf=${asOf}`);
    expect((await at('2199-01-01T00:00:00Z')).body).toMatchObject({ asOf: { seq: 1 }, title: 'Owls' });
    for (const none of ['0', '1999-01-01T00:00:00Z']) {
      expect((await at(none)).body).toMatchObject({ asOf: { seq: 0, at: null }, messages: [], title: null });
    }
    expect(refusal(await at('99'))).toEqual([422, 'as-of-unknown']);
  });
});

describe('messages', () => {
  test('mentions: each once, nobody is looked for; an edit keeps them, or takes them away', async () => {
    const chatId = await group();
    const sent = await say(chatId, 'a', { fields: { mentions: [ben.userId, UNKNOWN_ID, ben.userId] } });
    expect((await latest(chatId, sent)).mentions).toEqual([ben.userId, UNKNOWN_ID]);
    const edit = (body: object) => ask(`/chats/${chatId}/messages/${sent.body.messageId}`, { method: 'PATCH', body });
    expect((await latest(chatId, await edit({ text: 'b' }))).mentions).toEqual([ben.userId, UNKNOWN_ID]);
    expect((await latest(chatId, await edit({ text: 'b', mentions: [] }))).mentions).toEqual([]);
    expect(refusal(await say(chatId, 'a', { fields: { mentions: ['ben'] } }))).toEqual([400, 'bad-request']);
  });

  test('what is deleted keeps its place and its time of editing, can be answered, and reacted to no more', async () => {
    const chatId = await group();
    const { messageId } = (await say(chatId, 'a')).body;
    const path = `/chats/${chatId}/messages/${messageId}`;
    await ask(`${path}/reactions/%F0%9F%A6%89`, { method: 'PUT' });
    await ask(path, { method: 'PATCH', body: { text: 'b' } });
    const gone = await latest(chatId, await ask(path, { method: 'DELETE' }));
    expect(gone).toMatchObject({
      deleted: true,
      text: '',
      withheld: null,
      reactions: [],
      editedAt: expect.any(String),
    });
    expect((await ask(path, { method: 'DELETE' })).body.changed).toBe(false);
    expect((await ask(`${path}/reactions/%F0%9F%A6%89`, { method: 'DELETE' })).body.changed).toBe(false);
    for (const [url, options] of [
      [path, { method: 'PATCH', body: { text: 'c' } }],
      [`${path}/reactions/%F0%9F%A6%89`, { method: 'PUT' }],
    ] as const) {
      expect(refusal(await ask(url, options))).toEqual([409, 'message-deleted']);
    }
    expect((await ask(`${path}/versions`)).body.versions).toMatchObject([
      { rev: 1, text: 'a' },
      { rev: 3, text: 'b' },
    ]);
    expect((await say(chatId, 'to it', { fields: { replyTo: messageId } })).status).toBe(201);
    expect(refusal(await say(chatId, 'a', { fields: { replyTo: UNKNOWN_ID } }))).toEqual([404, 'message-not-found']);
  });

  test('an emoji is stored in full, and is one', async () => {
    const chatId = await group();
    const path = `/chats/${chatId}/messages/${(await say(chatId, 'a')).body.messageId}/reactions`;
    const bare = await ask(`${path}/${encodeURIComponent('❤')}`, { method: 'PUT' });
    expect((await latest(chatId, bare)).reactions).toEqual([
      { emoji: '❤️', count: 1, mine: true, userIds: [mara.userId] },
    ]);
    expect((await ask(`${path}/${encodeURIComponent('❤️')}`, { method: 'PUT' })).body.changed).toBe(false);
    for (const none of ['ab', '🦉🦉', '🏽']) {
      expect(refusal(await ask(`${path}/${encodeURIComponent(none)}`, { method: 'PUT' }))).toEqual([
        400,
        'bad-request',
      ]);
    }
  });

  test('what came and went between two points is in no diff', async () => {
    const chatId = await group();
    const { messageId, seq } = (await say(chatId, 'a')).body;
    const path = `/chats/${chatId}/messages/${messageId}`;
    await ask(path, { method: 'PATCH', body: { text: 'b' } });
    const back = await ask(path, { method: 'PATCH', body: { text: 'a' } });
    const passing = await say(chatId, 'passing');
    const last = await ask(`/chats/${chatId}/messages/${passing.body.messageId}`, { method: 'DELETE' });
    expect(back.body.seq).toBe(seq + 2);
    const diff = await ask(`/chats/${chatId}/diff?from=${seq}&to=${last.body.seq}&minPosition=${last.body.position}`);
    expect(diff.body).toMatchObject({ added: [], edited: [], deleted: [], reactions: [], title: null });
  });
});
