import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call, TEST_PASSWORD } from '../support/protocol-client.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import {
  codeOf,
  group,
  history,
  keys,
  type Message,
  type Person,
  person,
  RFC3339,
  type Summary,
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
const MESSAGE =
  'at deleted editedAt files mentions messageId number reactions replyTo senderId seq text withheld'.split(' ');
const POINT = { seq: expect.any(Number), at: expect.stringMatching(RFC3339) };
const has = (body: object, fields: string[]): void => expect(keys(body)).toEqual(expect.arrayContaining(fields));

describe('users', () => {
  test('POST /users: exact answer; taken is a conflict', async () => {
    const body = { username: 'Dora', password: TEST_PASSWORD, displayName: 'Dora D' };
    const made = await call(server.http, '/v1/users', { body });
    expect([made.status, made.body]).toEqual([
      201,
      { userId: expect.any(String), username: 'dora', displayName: 'Dora D' },
    ]);
    expect(codeOf(await call(server.http, '/v1/users', { body }))).toBe('409 username-taken');
  });

  test('GET and PATCH /me with its version', async () => {
    const me = await ada.get<{ version: number }>('/me');
    expect(me.body).toMatchObject({ userId: ada.userId, username: ada.username, displayName: ada.username });
    const { version } = me.body;
    const changed = await ada.patch<{ version: number; displayName: string }>('/me', { displayName: 'Ada L', version });
    expect([changed.status, changed.body.displayName]).toEqual([200, 'Ada L']);
    expect(changed.body.version).toBeGreaterThan(version);
    expect(codeOf(await ada.patch('/me', { displayName: 'Other', version }))).toBe('409 version-conflict');
    expect(keys(changed.body)).toEqual(keys(me.body));
  });

  test('GET /users by prefix of at least 3 characters, and one', async () => {
    const found = await ada.get<{ users: object[]; next: unknown }>(`/users?query=${ben.username.slice(0, 4)}`);
    expect(found.body.users).toContainEqual({ userId: ben.userId, username: ben.username, displayName: ben.username });
    expect(found.body.next).toBeNull();
    expect(codeOf(await ada.get('/users?query=be'))).toBe('400 bad-request');
    expect((await ada.get(`/users/${ben.userId}`)).body).toMatchObject({ userId: ben.userId, username: ben.username });
  });

  test('a search is paged by limit and next', async () => {
    for (let i = 0; i < 3; i++) await person(server, `paged`);
    const seen: string[] = [];
    let next: string | null = '';
    while (next !== null) {
      const cursor: string = next === '' ? '' : `&cursor=${encodeURIComponent(next)}`;
      const page = await ada.get<{ users: { username: string }[]; next: string | null }>(
        `/users?query=paged&limit=2${cursor}`,
      );
      expect(page.body.users.length).toBeLessThanOrEqual(2);
      seen.push(...page.body.users.map(({ username }) => username));
      next = page.body.next;
    }
    expect([seen.length, new Set(seen).size]).toEqual([3, 3]);
  });
});

describe('sessions', () => {
  test('exact answer; a refresh rotates; a reused refresh token ends the family, sockets included', async () => {
    const who = await person(server, 'refresher');
    const sign = (): ReturnType<typeof call<Record<string, string>>> =>
      call(server.http, '/v1/sessions', { body: { username: who.username, password: TEST_PASSWORD } });
    const session = await sign();
    expect([session.status, keys(session.body)]).toEqual([
      201,
      ['accessToken', 'expiresAt', 'gateway', 'refreshToken', 'user'],
    ]);
    expect(session.body).toMatchObject({ user: { userId: who.userId }, gateway: { url: who.gateway } });
    const { openSocket } = await import('../support/protocol-client.ts');
    const socket = await openSocket(who.gateway, session.body['accessToken'] as string);
    const refresh = (refreshToken: unknown): ReturnType<typeof call<Record<string, string>>> =>
      call(server.http, '/v1/sessions/refresh', { body: { refreshToken } });
    const second = await refresh(session.body['refreshToken']);
    expect([second.status, keys(second.body)]).toEqual([
      201,
      ['accessToken', 'expiresAt', 'gateway', 'refreshToken', 'user'],
    ]);
    expect(codeOf(await refresh(session.body['refreshToken']))).toBe('401 unauthenticated');
    expect(await socket.closed).toBe(4401);
    expect(codeOf(await refresh(second.body['refreshToken']))).toBe('401 unauthenticated');
    expect(codeOf(await call(server.http, '/v1/me', { token: second.body['accessToken'] as string }))).toMatch(/^401/);
    expect((await who.get('/me')).status).toBe(200);
  });

  test('after DELETE its sockets close within a second, and its token is worth nothing', async () => {
    const who = await person(server, 'leaver');
    const socket = await who.socket();
    const asked = performance.now();
    expect((await who.delete('/sessions/current')).status).toBeLessThan(300);
    expect(await socket.closed).toBe(4401);
    expect(performance.now() - asked).toBeLessThan(1000);
    expect(codeOf(await who.get('/me'))).toBe('401 unauthenticated');
  });

  test('a password change ends all other sessions', async () => {
    const who = await person(server, 'changer');
    const { again } = await import('./world.ts');
    const other = await again(server, who);
    const socket = await other.socket();
    const wrong = await who.put('/me/password', {
      oldPassword: 'not this one at all',
      newPassword: 'a new long phrase 7',
    });
    expect(codeOf(wrong)).toBe('401 bad-credentials');
    const done = await who.put('/me/password', { oldPassword: TEST_PASSWORD, newPassword: 'a new long phrase 7' });
    expect(done.status).toBeLessThan(300);
    expect(await socket.closed).toBe(4401);
    expect([(await who.get('/me')).status, codeOf(await other.get('/me'))]).toEqual([200, '401 unauthenticated']);
    expect(
      codeOf(await call(server.http, '/v1/sessions', { body: { username: who.username, password: TEST_PASSWORD } })),
    ).toBe('401 bad-credentials');
  });

  test('an unknown user and a wrong password are told alike', async () => {
    const sign = (username: string, password: string): ReturnType<typeof call> =>
      call(server.http, '/v1/sessions', { body: { username, password } });
    const [a, b] = [
      await sign(ada.username, 'wrong but long enough'),
      await sign('nobody.here', 'wrong but long enough'),
    ];
    expect([codeOf(a), a.body]).toEqual(['401 bad-credentials', b.body]);
  });
});

describe('chats', () => {
  test('POST /chats answers exactly chatId, seq, at, position', async () => {
    const made = await ada.post('/chats', { kind: 'group', title: 'T', members: [ben.userId] });
    expect([made.status, keys(made.body)]).toEqual([201, ['at', 'chatId', 'position', 'seq']]);
    expect(made.body).toMatchObject({ seq: 1, at: expect.stringMatching(RFC3339) });
  });

  test('ChatSummary and Chat have exactly their fields', async () => {
    const chatId = await group(ada, [ben], { title: 'Shapes', historyVisibility: 'since-join', pastContent: 'now' });
    const { position } = await say(ben, chatId, 'hello');
    const one = await summary(ada, chatId, position);
    expect(keys(one).filter((key) => key !== 'peerId')).toEqual([
      'chatId',
      'headSeq',
      'kind',
      'lastMessage',
      'memberCount',
      'readSeq',
      'title',
      'unread',
      'visibleFrom',
    ]);
    expect(one).toMatchObject({
      kind: 'group',
      title: 'Shapes',
      memberCount: 2,
      headSeq: 2,
      visibleFrom: 1,
      unread: 1,
      readSeq: 1,
    });
    expect(keys(one.lastMessage as Message)).toEqual(MESSAGE);
    const chat = (await ada.get(`/chats/${chatId}`)).body;
    has(chat, [
      'chatId',
      'headSeq',
      'kind',
      'memberCount',
      'readSeq',
      'title',
      'visibleFrom',
      'role',
      'historyVisibility',
      'pastContent',
      'asOf',
      'position',
    ]);
    expect(chat).toMatchObject({
      role: 'admin',
      historyVisibility: 'since-join',
      pastContent: 'now',
      asOf: { ...POINT, seq: 2 },
    });
    expect(chat).not.toHaveProperty('lastMessage');
    expect(chat).not.toHaveProperty('unread');
  });

  test('a direct chat names the peer, from both sides', async () => {
    const { chatId } = (await ada.post('/chats', { kind: 'direct', userId: ben.userId })).body;
    expect([(await summary(ada, chatId)).peerId, (await summary(ben, chatId)).peerId]).toEqual([
      ben.userId,
      ada.userId,
    ]);
    expect((await ada.get(`/chats/${chatId}`)).body['peerId']).toBe(ben.userId);
  });

  test('the list: newest message first, pages by cursor, changedAfter any event', async () => {
    const who = await person(server, 'lister');
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.push(await group(who, [ben]));
    for (const id of ids) await say(who, id, 'x');
    const { position: mark } = await say(who, ids[2] as string, 'newest');
    type List = { chats: Summary[]; next: string | null; position: string };
    const seen: string[] = [];
    let next: string | null = '';
    while (next !== null) {
      const cursor: string = next === '' ? '' : `&cursor=${encodeURIComponent(next)}`;
      const { body } = await who.get<List>(`/chats?limit=2&minPosition=${encodeURIComponent(mark)}${cursor}`);
      seen.push(...body.chats.map(({ chatId }) => chatId));
      next = body.next;
    }
    expect(seen).toEqual([2, 4, 3, 1, 0].map((i) => ids[i]));
    const { position } = (await who.patch(`/chats/${ids[0]}`, { title: 'Renamed' })).body;
    const changed = await who.get<List>(
      `/chats?changedAfter=${encodeURIComponent(mark)}&minPosition=${encodeURIComponent(position)}`,
    );
    expect(changed.body.chats.map(({ chatId, title }) => [chatId, title])).toEqual([[ids[0], 'Renamed']]);
  });

  test('members: paged, with roles and sinceSeq, and as of', async () => {
    const chatId = await group(ada, [ben]);
    await ada.put(`/chats/${chatId}/members/${cy.userId}`, { role: 'admin' });
    type Members = { members: object[]; next: string | null; asOf: object };
    const { body } = await ada.get<Members>(`/chats/${chatId}/members`);
    expect(body).toMatchObject({ next: null, asOf: { ...POINT, seq: 2 } });
    // Their order is not said.
    expect(new Set(body.members)).toEqual(
      new Set([
        { userId: ada.userId, role: 'admin', sinceSeq: 1 },
        { userId: ben.userId, role: 'member', sinceSeq: 1 },
        { userId: cy.userId, role: 'admin', sinceSeq: 2 },
      ]),
    );
    expect((await ada.get<Members>(`/chats/${chatId}/members?asOf=1`)).body.members).toHaveLength(2);
  });
});

describe('messages', () => {
  test('a page has exactly its fields, a Message too', async () => {
    const chatId = await group(ada, [ben], { title: 'Page' });
    const one = await say(ada, chatId, 'one', { mentions: [ben.userId] });
    await ben.put(`/chats/${chatId}/messages/${one.messageId}/reactions/${THUMB}`);
    const two = await say(ben, chatId, 'two', { replyTo: one.messageId });
    const { body } = await history(ben, chatId);
    expect(keys(body)).toEqual(['asOf', 'chatId', 'memberCount', 'messages', 'next', 'position', 'title']);
    expect(body).toMatchObject({ chatId, title: 'Page', memberCount: 2, asOf: { seq: 4, at: two.at }, next: null });
    for (const message of body.messages) expect(keys(message)).toEqual(MESSAGE);
    expect(body.messages).toMatchObject([
      {
        seq: 2,
        number: 1,
        messageId: one.messageId,
        senderId: ada.userId,
        at: one.at,
        text: 'one',
        editedAt: null,
        deleted: false,
        withheld: null,
        replyTo: null,
        mentions: [ben.userId],
        files: [],
        reactions: [{ emoji: '👍', count: 1, mine: true, userIds: [ben.userId] }],
      },
      { seq: 4, number: 2, replyTo: { messageId: one.messageId, seq: 2 }, reactions: [] },
    ]);
  });

  test('replies: exactly these fields; 201, then 200', async () => {
    const chatId = await group(ada, [ben]);
    const sent = await ada.post(`/chats/${chatId}/messages`, { text: 'x' });
    expect([sent.status, keys(sent.body)]).toEqual([201, ['at', 'changed', 'chatId', 'messageId', 'position', 'seq']]);
    const message = `/chats/${chatId}/messages/${sent.body.messageId}`;
    for (const answer of [
      await ada.patch(message, { text: 'y' }),
      await ada.put(`${message}/reactions/${THUMB}`),
      await ada.delete(`${message}/reactions/${THUMB}`),
      await ada.delete(message),
    ])
      expect([answer.status, keys(answer.body)]).toEqual([200, keys(sent.body)]);
    const rename = await ada.patch(`/chats/${chatId}`, { title: 'z' });
    expect([rename.status, keys(rename.body)]).toEqual([200, ['at', 'changed', 'chatId', 'position', 'seq']]);
  });
});
