import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Answer } from '../support/protocol-client.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import {
  codeOf,
  eventsOf,
  group,
  history,
  keys,
  type Person,
  person,
  type Reply,
  say,
  summary,
  ulid,
} from './world.ts';

let server: ServerProcess;
let ada: Person;
let ben: Person;
let cy: Person;
beforeAll(async () => {
  server = await startServerProcess();
  [ada, ben, cy] = await Promise.all([person(server, 'ada'), person(server, 'ben'), person(server, 'cy')]);
});
afterAll(() => server?.stop());

const THUMB = '👍';
const message = (chatId: string, id: string): string => `/chats/${chatId}/messages/${id}`;
const reaction = (chatId: string, id: string, emoji: string): string =>
  `${message(chatId, id)}/reactions/${encodeURIComponent(emoji)}`;
const member = (chatId: string, who: Person): string => `/chats/${chatId}/members/${who.userId}`;
const all = (...answers: Answer<unknown>[]): string[] => answers.map(codeOf);

describe('events', () => {
  test('one shape: exactly these fields', async () => {
    const chatId = await group(ada, [ben]);
    await say(ada, chatId, 'x');
    for (const event of await eventsOf(ada, chatId))
      expect(keys(event).filter((key) => key !== 'causationId')).toEqual([
        'actor',
        'at',
        'chatId',
        'commandId',
        'correlationId',
        'data',
        'eventId',
        'position',
        'recordedAt',
        'seq',
        'type',
        'v',
      ]);
  });

  test('every type with its data', async () => {
    const chatId = await group(ada, [ben], { title: 'A', historyVisibility: 'all', pastContent: 'now' });
    await ada.patch(`/chats/${chatId}`, { title: 'B' });
    await ada.put(member(chatId, cy), { role: 'member' });
    await ada.put(member(chatId, cy), { role: 'admin' });
    const one = await say(ben, chatId, `hi @ada`, { mentions: [ada.userId] });
    const two = await say(ada, chatId, 'yes', { replyTo: one.messageId });
    await ben.patch(message(chatId, one.messageId), { text: 'hi!' });
    await cy.put(reaction(chatId, two.messageId, THUMB));
    await cy.delete(reaction(chatId, two.messageId, THUMB));
    await ada.delete(message(chatId, one.messageId));
    await ada.delete(member(chatId, ben));
    await cy.delete(member(chatId, cy));
    const events = await eventsOf(ada, chatId);
    expect(events.map(({ type, data, actor }) => [type, data, actor])).toEqual([
      [
        'ChatStarted',
        {
          kind: 'group',
          title: 'A',
          members: [
            { userId: ada.userId, role: 'admin' },
            { userId: ben.userId, role: 'member' },
          ],
          historyVisibility: 'all',
          pastContent: 'now',
        },
        ada.userId,
      ],
      ['ChatRenamed', { title: 'B' }, ada.userId],
      ['MemberAdded', { userId: cy.userId, role: 'member' }, ada.userId],
      ['MemberRoleChanged', { userId: cy.userId, role: 'admin' }, ada.userId],
      [
        'MessageSent',
        { messageId: one.messageId, number: 1, text: '', withheld: 'deleted', mentions: [ada.userId] },
        ben.userId,
      ],
      [
        'MessageSent',
        { messageId: two.messageId, number: 2, text: 'yes', replyTo: { messageId: one.messageId, seq: 5 } },
        ada.userId,
      ],
      [
        'MessageEdited',
        { messageId: one.messageId, messageSeq: 5, rev: 2, text: '', withheld: 'deleted', mentions: [ada.userId] },
        ben.userId,
      ],
      ['ReactionAdded', { messageId: two.messageId, messageSeq: 6, rev: 2, emoji: THUMB }, cy.userId],
      ['ReactionRemoved', { messageId: two.messageId, messageSeq: 6, rev: 3, emoji: THUMB }, cy.userId],
      ['MessageDeleted', { messageId: one.messageId, messageSeq: 5, rev: 3 }, ada.userId],
      ['MemberRemoved', { userId: ben.userId }, ada.userId],
      ['MemberRemoved', { userId: cy.userId }, cy.userId],
    ]);
  });

  test('a direct chat starts with both, and no title', async () => {
    const { body } = await ada.post('/chats', { kind: 'direct', userId: cy.userId });
    const [started] = await eventsOf(ada, body.chatId);
    expect(started?.data).toMatchObject({ kind: 'direct', historyVisibility: 'all', pastContent: 'then' });
    expect(started?.data).not.toHaveProperty('title');
    const members = started?.data['members'] as { userId: string }[] | undefined;
    expect(members?.map(({ userId }) => userId).sort()).toEqual([ada.userId, cy.userId].sort());
  });
});

describe('rules', () => {
  test('only members act; the chat does not exist for others', async () => {
    const chatId = await group(ada, [ben]);
    const { messageId } = await say(ada, chatId, 'x');
    expect(
      all(
        await cy.post(`/chats/${chatId}/messages`, { text: 'x' }),
        await cy.patch(message(chatId, messageId), { text: 'y' }),
        await cy.delete(message(chatId, messageId)),
        await cy.put(reaction(chatId, messageId, THUMB)),
        await cy.patch(`/chats/${chatId}`, { title: 'y' }),
        await cy.put(member(chatId, cy)),
        await cy.delete(member(chatId, ben)),
        await cy.put(`/chats/${chatId}/receipts`, { readSeq: 1 }),
      ),
    ).toEqual(Array(8).fill('404 chat-not-found'));
  });

  test('the author edits; the author or an admin deletes', async () => {
    const chatId = await group(ada, [ben, cy]);
    const { messageId } = await say(ben, chatId, 'x');
    expect(
      all(
        await ada.patch(message(chatId, messageId), { text: 'y' }),
        await cy.patch(message(chatId, messageId), { text: 'y' }),
        await cy.delete(message(chatId, messageId)),
      ),
    ).toEqual(Array(3).fill('403 forbidden'));
    expect((await ben.patch(message(chatId, messageId), { text: 'y' })).status).toBe(200);
    expect((await ada.delete(message(chatId, messageId))).body).toMatchObject({ changed: true });
  });

  test('admins rename, add, remove, change roles; others may not', async () => {
    const chatId = await group(ada, [ben]);
    expect(
      all(
        await ben.patch(`/chats/${chatId}`, { title: 'y' }),
        await ben.put(member(chatId, cy)),
        await ben.delete(member(chatId, ada)),
        await ben.put(member(chatId, ben), { role: 'admin' }),
      ),
    ).toEqual(Array(4).fill('403 forbidden'));
    expect(await eventsOf(ada, chatId)).toHaveLength(1);
  });

  test('the last admin leaves: the longest-standing member becomes one in the same append', async () => {
    const chatId = await group(ada, [ben]);
    await ada.put(member(chatId, cy));
    await ada.delete(member(chatId, ada));
    const events = (await eventsOf(ben, chatId)).slice(2);
    expect(events.map(({ type, data }) => [type, data])).toEqual(
      expect.arrayContaining([
        ['MemberRemoved', { userId: ada.userId }],
        ['MemberRoleChanged', { userId: ben.userId, role: 'admin' }],
      ]),
    );
    expect(events).toHaveLength(2);
    expect(new Set(events.map(({ commandId }) => commandId)).size).toBe(1);
  });

  test('the last admin cannot step down before another stands', async () => {
    const chatId = await group(ada, [ben]);
    expect(codeOf(await ada.put(member(chatId, ada), { role: 'member' }))).toBe('403 forbidden');
    await ada.put(member(chatId, ben), { role: 'admin' });
    expect((await ada.put(member(chatId, ada), { role: 'member' })).body).toMatchObject({ changed: true });
  });

  test('direct chats refuse all of it, leaving included', async () => {
    const { chatId } = (await ada.post('/chats', { kind: 'direct', userId: ben.userId })).body;
    expect(
      all(
        await ada.patch(`/chats/${chatId}`, { title: 'y' }),
        await ada.put(member(chatId, cy)),
        await ada.delete(member(chatId, ben)),
        await ada.delete(member(chatId, ada)),
        await ada.put(member(chatId, ben), { role: 'admin' }),
      ),
    ).toEqual(Array(5).fill('422 direct-chat'));
  });

  test("in a direct chat the peer's message is not deleted by the other", async () => {
    const { chatId } = (await ada.post('/chats', { kind: 'direct', userId: ben.userId })).body;
    const { messageId } = await say(ben, chatId, 'mine');
    expect(codeOf(await ada.delete(message(chatId, messageId)))).toBe('403 forbidden');
  });

  test('edits of and reactions to a deleted message are refused; unreacting and deleting change nothing', async () => {
    const chatId = await group(ada, [ben]);
    const { messageId } = await say(ada, chatId, 'x');
    const { seq, at } = (await ada.delete(message(chatId, messageId))).body;
    expect(
      all(
        await ada.patch(message(chatId, messageId), { text: 'y' }),
        await ada.put(reaction(chatId, messageId, THUMB)),
      ),
    ).toEqual(Array(2).fill('409 message-deleted'));
    const second = await ada.delete(message(chatId, messageId));
    const unreact = await ada.delete(reaction(chatId, messageId, THUMB));
    for (const answer of [second, unreact])
      expect([answer.status, answer.body]).toMatchObject([200, { changed: false, seq, at, chatId }]);
  });

  test('an unknown message is message-not-found, an unknown user user-not-found', async () => {
    const chatId = await group(ada, [ben]);
    expect(
      all(
        await ada.patch(message(chatId, ulid()), { text: 'y' }),
        await ada.put(reaction(chatId, ulid(), THUMB)),
        await ada.get(`${message(chatId, ulid())}/versions`),
        await ada.post(`/chats/${chatId}/messages`, { text: 'x', replyTo: ulid() }),
      ),
    ).toEqual(Array(4).fill('404 message-not-found'));
    expect(
      all(
        await ada.put(`/chats/${chatId}/members/${ulid()}`),
        await ada.post('/chats', { kind: 'direct', userId: ulid() }),
        await ada.post('/chats', { kind: 'group', title: 'x', members: [ulid()] }),
        await ada.get(`/users/${ulid()}`),
      ),
    ).toEqual(Array(4).fill('404 user-not-found'));
  });
});

describe('what changes nothing appends nothing', () => {
  test('and answers with the last seq and at it was decided on', async () => {
    const chatId = await group(ada, [ben], { title: 'Same' });
    const { messageId } = await say(ada, chatId, 'x');
    await ben.put(reaction(chatId, messageId, THUMB));
    const last: Reply = await say(ben, chatId, 'last');
    const answers = [
      await ada.patch(message(chatId, messageId), { text: 'x' }),
      await ben.put(reaction(chatId, messageId, THUMB)),
      await ada.delete(reaction(chatId, messageId, THUMB)),
      await ada.put(member(chatId, ben)),
      await ada.put(member(chatId, ben), { role: 'member' }),
      await ada.patch(`/chats/${chatId}`, { title: 'Same' }),
    ];
    for (const { status, body } of answers)
      expect([status, body]).toMatchObject([200, { changed: false, seq: last.seq, at: last.at }]);
    expect(await eventsOf(ada, chatId)).toHaveLength(4);
    expect((await history(ada, chatId)).body.messages[0]).toMatchObject({ editedAt: null });
    expect((await summary(ada, chatId)).headSeq).toBe(4);
  });
});
