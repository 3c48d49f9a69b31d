import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Answer } from '../support/protocol-client.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import {
  type ChatEvent,
  codeOf,
  eventsOf,
  group,
  history,
  type Message,
  type Person,
  type Point,
  person,
  type Reply,
  say,
  summary,
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

const THUMB = encodeURIComponent('👍');

describe('paging', () => {
  test('before, after, limit; next leads on with its pin, and stops', async () => {
    const chatId = await group(ada, [ben]);
    for (let i = 0; i < 7; i++) await say(ada, chatId, `${i}`); // seqs 2..8
    const back: number[][] = [];
    let query = '?limit=3';
    for (;;) {
      const { body } = await history(ben, chatId, query);
      back.push(body.messages.map(({ seq }) => seq));
      if (!body.next) break;
      expect(body.next).toEqual({ before: body.messages[0]?.seq, asOf: 8 });
      if (back.length === 1) await say(ada, chatId, 'later');
      query = `?limit=3&before=${body.next.before}&asOf=${body.next.asOf}`;
    }
    expect(back).toEqual([[6, 7, 8], [3, 4, 5], [2]]);
    const on = (await history(ben, chatId, '?limit=3&after=2')).body;
    expect(on.messages.map(({ seq }) => seq)).toEqual([3, 4, 5]);
    expect(on.next).toEqual({ after: 5, asOf: 9 });
    expect((await history(ben, chatId, '?after=8')).body).toMatchObject({ next: null, messages: [{ seq: 9 }] });
    expect(codeOf(await history(ben, chatId, '?after=2&before=5'))).toBe('400 bad-request');
  });

  test('limit: 50 where left out, 200 at most (lowered), 0 and nonsense are bad requests', async () => {
    const chatId = await group(ada, [ben]);
    const socket = await ada.socket();
    await Promise.all(Array.from({ length: 204 }, (_, i) => socket.request('send', { chatId, text: `${i}` })));
    socket.close();
    await say(ada, chatId, 'last');
    expect((await history(ben, chatId)).body.messages).toHaveLength(50);
    expect((await history(ben, chatId, '?limit=999')).body.messages).toHaveLength(200);
    for (const limit of ['0', '-1', 'x', '1.5'])
      expect(codeOf(await history(ben, chatId, `?limit=${limit}`))).toBe('400 bad-request');
  });

  test('events: after is exclusive, next is the seq for after, asOf always', async () => {
    const chatId = await group(ada, [ben]);
    for (let i = 0; i < 4; i++) await say(ada, chatId, `${i}`);
    type Events = { events: ChatEvent[]; next: number | null; asOf: Point };
    const first = (await ben.get<Events>(`/chats/${chatId}/events?after=0&limit=2`)).body;
    expect([first.events.map(({ seq }) => seq), first.next, first.asOf.seq]).toEqual([[1, 2], 2, 5]);
    const last = (await ben.get<Events>(`/chats/${chatId}/events?after=4`)).body;
    expect([last.events.map(({ seq }) => seq), last.next]).toEqual([[5], null]);
    const none = (await ben.get<Events>(`/chats/${chatId}/events?after=5`)).body;
    expect([none.events, none.next, none.asOf.seq]).toEqual([[], null, 5]);
  });
});

describe('asOf', () => {
  test('a seq, a time, before everything, beyond the end, the future', async () => {
    const chatId = await group(ada, [ben], { title: 'T' });
    const one = await say(ada, chatId, 'one');
    const two = await say(ada, chatId, 'two');
    for (const path of ['', '/messages', '/members']) {
      const at = async (asOf: string): Promise<string> => {
        const answer = await ben.get<{ asOf: Point }>(`/chats/${chatId}${path}?asOf=${encodeURIComponent(asOf)}`);
        return answer.status === 200 ? JSON.stringify(answer.body.asOf) : codeOf(answer);
      };
      expect(await at('2')).toBe(JSON.stringify({ seq: 2, at: one.at }));
      expect(await at('0')).toBe('{"seq":0,"at":null}');
      expect(await at('2000-01-01T00:00:00Z')).toBe('{"seq":0,"at":null}');
      expect(await at(two.at)).toBe(JSON.stringify({ seq: 3, at: two.at }));
      expect(await at('2100-01-01T00:00:00Z')).toBe(JSON.stringify({ seq: 3, at: two.at }));
      expect(await at('4')).toBe('422 as-of-unknown');
      for (const bad of [
        '-1',
        '1.5',
        'yesterday',
        '2026-01-01T00:00:00+02:00',
        '2026-13-01T00:00:00Z',
        '2026-02-30T00:00:00Z',
      ])
        expect(`${bad}: ${await at(bad)}`).toBe(`${bad}: 400 bad-request`);
    }
    const empty = (await history(ben, chatId, '?asOf=0')).body;
    expect(empty).toMatchObject({ messages: [], next: null, asOf: { seq: 0, at: null } });
  });

  test('the title, the members and the reactions of then', async () => {
    const chatId = await group(ada, [ben], { title: 'Old' });
    const { messageId } = await say(ada, chatId, 'x'); // 2
    await ben.put(`/chats/${chatId}/messages/${messageId}/reactions/${THUMB}`); // 3
    await ben.delete(`/chats/${chatId}/messages/${messageId}/reactions/${THUMB}`); // 4
    await ada.patch(`/chats/${chatId}`, { title: 'New' }); // 5
    await ada.put(`/chats/${chatId}/members/${cy.userId}`); // 6
    const page = (await history(cy, chatId, '?asOf=3')).body;
    expect(page).toMatchObject({ title: 'Old', memberCount: 2 });
    expect(page.messages[0]?.reactions).toEqual([{ emoji: '👍', count: 1, mine: false, userIds: [ben.userId] }]);
    expect((await ada.get(`/chats/${chatId}?asOf=3`)).body).toMatchObject({ title: 'Old', memberCount: 2, headSeq: 3 });
    type Reactions = {
      reactions: { emoji: string; userId: string; seq: number; at: string }[];
      next: null;
      asOf: Point;
    };
    const reactions = await ada.get<Reactions>(`/chats/${chatId}/messages/${messageId}/reactions?asOf=3`);
    expect(reactions.body.reactions).toMatchObject([{ emoji: '👍', userId: ben.userId, seq: 3 }]);
    expect((await ada.get<Reactions>(`/chats/${chatId}/messages/${messageId}/reactions`)).body.reactions).toEqual([]);
  });
});

describe('versions and diff', () => {
  test('every text it ever had', async () => {
    const chatId = await group(ada, [ben]);
    const { messageId, at } = await say(ada, chatId, 'a');
    await ben.put(`/chats/${chatId}/messages/${messageId}/reactions/${THUMB}`);
    const edit = await ada.patch(`/chats/${chatId}/messages/${messageId}`, { text: 'b' });
    const { body } = await ben.get(`/chats/${chatId}/messages/${messageId}/versions`);
    expect(body).toMatchObject({ asOf: { seq: 4, at: edit.body.at } });
    expect(body['versions']).toEqual([
      { rev: 1, seq: 2, at, actor: ada.userId, text: 'a', withheld: null },
      { rev: 3, seq: 4, at: edit.body.at, actor: ada.userId, text: 'b', withheld: null },
    ]);
  });

  test('the net change: added, edited, deleted, reactions, members, title; what came and went is not listed', async () => {
    const chatId = await group(ada, [ben], { title: 'A' });
    const kept = await say(ada, chatId, 'kept'); // 2
    const gone = await say(ada, chatId, 'gone'); // 3
    const message = (id: string): string => `/chats/${chatId}/messages/${id}`;
    await ada.patch(message(kept.messageId), { text: 'kept 2' }); // 4
    await ada.patch(message(kept.messageId), { text: 'kept 3' }); // 5
    await ada.delete(message(gone.messageId)); // 6
    const brief = await say(ada, chatId, 'brief'); // 7
    await ada.delete(message(brief.messageId)); // 8
    await ben.put(`${message(kept.messageId)}/reactions/${THUMB}`); // 9
    await ada.put(`${message(kept.messageId)}/reactions/${THUMB}`); // 10
    await ada.delete(`${message(kept.messageId)}/reactions/${THUMB}`); // 11
    await ada.patch(`/chats/${chatId}`, { title: 'B' }); // 12
    await ada.put(`/chats/${chatId}/members/${cy.userId}`); // 13
    await ada.put(`/chats/${chatId}/members/${ben.userId}`, { role: 'admin' }); // 14
    const added = await say(cy, chatId, 'added'); // 15
    const diff = (await ben.get<Record<string, unknown>>(`/chats/${chatId}/diff?from=3&to=15`)).body;
    expect((diff['added'] as Message[]).map(({ messageId }) => messageId)).toEqual([added.messageId]);
    expect(diff['edited']).toEqual([{ messageId: kept.messageId, before: 'kept', after: 'kept 3' }]);
    expect((diff['deleted'] as Message[]).map(({ messageId }) => messageId)).toEqual([gone.messageId]);
    expect(diff['reactions']).toEqual([{ messageId: kept.messageId, emoji: '👍', added: [ben.userId], removed: [] }]);
    expect(diff['members']).toEqual({
      added: [cy.userId],
      removed: [],
      roles: [{ userId: ben.userId, before: 'member', after: 'admin' }],
    });
    expect([diff['title'], diff['from'], diff['to']]).toEqual([
      { before: 'A', after: 'B' },
      { seq: 3, at: gone.at },
      { seq: 15, at: added.at },
    ]);
    expect(codeOf(await ben.get(`/chats/${chatId}/diff?from=1&to=99`))).toBe('422 as-of-unknown');
    const none = (await ben.get<Record<string, unknown>>(`/chats/${chatId}/diff?from=15&to=15`)).body;
    expect(none).toMatchObject({ added: [], edited: [], deleted: [], reactions: [], title: null });
  });
});

describe('receipts', () => {
  test('cumulative; unread counts messages by others after my mark', async () => {
    const chatId = await group(ada, [ben]);
    const first = await say(ada, chatId, '1'); // 2
    await say(ada, chatId, '2'); // 3
    await ada.put(`/chats/${chatId}/messages/${first.messageId}/reactions/${THUMB}`); // 4
    const { position } = await say(ada, chatId, '3'); // 5
    expect(await summary(ben, chatId, position)).toMatchObject({ unread: 3, readSeq: 1 });
    expect(await summary(ada, chatId, position)).toMatchObject({ unread: 0, readSeq: 5 });
    const mark = (readSeq: number): Promise<Answer<Reply>> => ben.put(`/chats/${chatId}/receipts`, { readSeq });
    expect((await mark(3)).body).toMatchObject({ readSeq: 3 });
    await expect.poll(() => summary(ben, chatId)).toMatchObject({ unread: 1, readSeq: 3 });
    expect((await mark(2)).body).toMatchObject({ readSeq: 3 });
    await ada.delete(`/chats/${chatId}/messages/${first.messageId}`); // 6
    expect((await mark(99)).body).toMatchObject({ readSeq: 6 });
    await expect.poll(() => summary(ben, chatId)).toMatchObject({ unread: 0, readSeq: 6, headSeq: 6 });
    const four = await say(ada, chatId, '4'); // 7
    await ada.delete(`/chats/${chatId}/messages/${four.messageId}`); // 8
    await expect.poll(() => summary(ben, chatId)).toMatchObject({ unread: 1, readSeq: 6 });
    const own = await say(ben, chatId, 'mine'); // 9
    expect(await summary(ben, chatId, own.position)).toMatchObject({ unread: 0, readSeq: 9 });
    const { body } = await ada.get<{ receipts: { userId: string; readSeq: number; deliveredSeq: number }[] }>(
      `/chats/${chatId}/receipts`,
    );
    expect(body.receipts.map(({ userId, readSeq }) => [userId, readSeq])).toContainEqual([ben.userId, 9]);
    for (const receipt of body.receipts)
      expect(Object.keys(receipt).sort()).toEqual(['deliveredSeq', 'readSeq', 'userId']);
  });

  test('the mark begins at my own latest coming', async () => {
    const chatId = await group(ada, []);
    await say(ada, chatId, 'before'); // 2
    await ada.put(`/chats/${chatId}/members/${ben.userId}`); // 3
    const { position } = await say(ada, chatId, 'after'); // 4
    expect(await summary(ben, chatId, position)).toMatchObject({ unread: 1, readSeq: 3 });
    await ada.delete(`/chats/${chatId}/members/${ben.userId}`); // 5
    await say(ada, chatId, 'missed'); // 6
    const back = await ada.put(`/chats/${chatId}/members/${ben.userId}`); // 7
    expect(await summary(ben, chatId, back.body.position)).toMatchObject({ unread: 0, readSeq: 7 });
    expect(await eventsOf(ben, chatId)).toHaveLength(7);
  });
});
