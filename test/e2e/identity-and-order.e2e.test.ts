import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSocket } from '../support/protocol-client.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { codeOf, eventsOf, group, history, type Person, person, RFC3339, say, ULID, ulid } from './world.ts';

let server: ServerProcess;
let ada: Person;
let ben: Person;
beforeAll(async () => {
  server = await startServerProcess();
  ada = await person(server, 'ada');
  ben = await person(server, 'ben');
});
afterAll(() => server?.stop());

const direct = (a: Person, b: Person): string => `dm.${[a.userId, b.userId].sort().join('.')}`;

describe('ids', () => {
  test('users, groups and messages have ULIDs, made by the server where left out', async () => {
    const chatId = await group(ada, [ben]);
    const { messageId } = await say(ada, chatId, 'x');
    expect([ada.userId, chatId, messageId]).toEqual([
      expect.stringMatching(ULID),
      expect.stringMatching(ULID),
      expect.stringMatching(ULID),
    ]);
  });

  test("a direct chat's id is derived, ascending, and the same from both sides", async () => {
    const from = await ada.post('/chats', { kind: 'direct', userId: ben.userId });
    const back = await ben.post('/chats', { kind: 'direct', userId: ada.userId });
    expect([from.status, back.status]).toEqual([201, 200]);
    expect(from.body.chatId).toBe(direct(ada, ben));
    expect(back.body).toMatchObject({ chatId: direct(ada, ben), seq: from.body.seq, at: from.body.at });
  });

  test('nobody has a direct chat with themselves', async () => {
    expect(codeOf(await ada.post('/chats', { kind: 'direct', userId: ada.userId }))).toBe('422 direct-chat');
  });

  test.each(['lower', 'short', 'descending', 'letter', 'overflow'])(
    'a malformed chat id is a bad request: %s',
    async (what) => {
      const [low, high] = [ada.userId, ben.userId].sort() as [string, string];
      const ids: Record<string, string> = {
        lower: ulid().toLowerCase(),
        short: ulid().slice(1),
        descending: `dm.${high}.${low}`,
        letter: `${ulid().slice(0, 25)}U`,
        overflow: `8${ulid().slice(1)}`,
      };
      expect(codeOf(await ada.get(`/chats/${ids[what]}`))).toBe('400 bad-request');
    },
  );

  test('a lower-case message id or command id is a bad request', async () => {
    const chatId = await group(ada, []);
    const send = await ada.post(`/chats/${chatId}/messages`, { text: 'x', messageId: ulid().toLowerCase() });
    const rename = await ada.patch(`/chats/${chatId}`, { title: 'y' }, { 'idempotency-key': ulid().toLowerCase() });
    expect([codeOf(send), codeOf(rename)]).toEqual(['400 bad-request', '400 bad-request']);
  });

  test("a group's id may be the client's, and is then the idempotency key of its creation", async () => {
    const chatId = ulid();
    const body = { kind: 'group', chatId, title: 'Mine', members: [ben.userId] };
    const first = await ada.post('/chats', body);
    const second = await ada.post('/chats', body);
    const other = await ada.post('/chats', { ...body, title: 'Other' });
    const others = await ben.post('/chats', { ...body, members: [ada.userId] });
    expect([first.status, second.status]).toEqual([201, 200]);
    expect(second.body).toMatchObject({ chatId, seq: first.body.seq, at: first.body.at });
    expect([codeOf(other), codeOf(others)]).toEqual(['409 command-id-reused', '409 command-id-reused']);
  });
});

describe('order', () => {
  test('seqs have no gaps over all events; numbers count messages; revs count changes of one message', async () => {
    const chatId = await group(ada, [ben]);
    const one = await say(ada, chatId, 'one');
    await ben.put(`/chats/${chatId}/messages/${one.messageId}/reactions/${encodeURIComponent('👍')}`);
    await ada.patch(`/chats/${chatId}`, { title: 'New' });
    await say(ben, chatId, 'two');
    await ada.patch(`/chats/${chatId}/messages/${one.messageId}`, { text: 'one!' });
    await ada.delete(`/chats/${chatId}/messages/${one.messageId}`);
    const events = await eventsOf(ada, chatId);
    expect(events.map(({ seq, type }) => `${seq} ${type}`)).toEqual([
      '1 ChatStarted',
      '2 MessageSent',
      '3 ReactionAdded',
      '4 ChatRenamed',
      '5 MessageSent',
      '6 MessageEdited',
      '7 MessageDeleted',
    ]);
    expect(events.map(({ data }) => data['number'] ?? null)).toEqual([null, 1, null, null, 2, null, null]);
    expect(events.map(({ data }) => data['rev'] ?? null)).toEqual([null, null, 2, null, null, 3, 4]);
    expect(events[2]?.data).toMatchObject({ messageId: one.messageId, messageSeq: 2 });
  });

  test('at and recordedAt are UTC milliseconds, and at never runs backwards', async () => {
    const chatId = await group(ada, [ben]);
    await Promise.all(Array.from({ length: 20 }, (_, i) => say(i % 2 ? ada : ben, chatId, `m${i}`)));
    const events = await eventsOf(ada, chatId);
    const times = events.map(({ at }) => at);
    expect(times).toEqual([...times].sort());
    for (const event of events) {
      expect(event.at).toMatch(RFC3339);
      expect(event.recordedAt).toMatch(RFC3339);
    }
  });

  test('twenty senders at once: every seq and number once, replies agree with the log', async () => {
    const senders = await Promise.all(Array.from({ length: 20 }, (_, i) => person(server, `s${i}`)));
    const chatId = await group(ada, senders);
    const replies = (
      await Promise.all(senders.map((who) => Promise.all([1, 2, 3, 4, 5].map((n) => say(who, chatId, `${n}`)))))
    ).flat();
    const events = await eventsOf(ada, chatId, '?limit=1000');
    expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 101 }, (_, i) => i + 1));
    expect(events.slice(1).map(({ data }) => data['number'])).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    for (const reply of replies) {
      const event = events[reply.seq - 1];
      expect(event?.data['messageId']).toBe(reply.messageId);
      expect(event?.at).toBe(reply.at);
    }
  });

  test('a position given back as minPosition reads what was just written', async () => {
    const chatId = await group(ada, [ben]);
    for (let i = 0; i < 10; i++) {
      const { seq, position } = await say(ada, chatId, `m${i}`);
      const page = await history(ben, chatId, `?limit=1&minPosition=${encodeURIComponent(position)}`);
      expect(page.body.messages[0]).toMatchObject({ seq, text: `m${i}` });
    }
  });

  test('the epoch stands in the welcome and outlives a restart', async () => {
    const own = await startServerProcess();
    const who = await person(own, 'who');
    const before = await (await who.socket()).until((frame) => frame['ev'] === 'welcome');
    await own.stop();
    const next = await startServerProcess({ data: own.data });
    const socket = await openSocket(next.gateway, who.accessToken);
    const after = await socket.until((frame) => frame['ev'] === 'welcome');
    await next.stop();
    expect(before['epoch']).toEqual(expect.any(String));
    expect(after['epoch']).toBe(before['epoch']);
  });
});
