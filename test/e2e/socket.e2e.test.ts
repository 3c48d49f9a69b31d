import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { openSocket, signIn, type TestSocket } from '../support/protocol-client.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { eventsOf, group, history, isEvent, keys, live, type Person, person, RFC3339, say, ulid } from './world.ts';

let server: ServerProcess;
let ada: Person;
let ben: Person;
beforeAll(async () => {
  server = await startServerProcess();
  [ada, ben] = await Promise.all([person(server, 'ada'), person(server, 'ben')]);
});
afterAll(() => server?.stop());

/** The status of an upgrade that is refused, or 101. */
const upgrade = (headers: Record<string, string>, protocols: string[] = []): Promise<number> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(server.gateway, protocols, { headers });
    socket.once('open', () => {
      socket.close();
      resolve(101);
    });
    socket.once('unexpected-response', (_, response) => {
      socket.terminate();
      resolve(response.statusCode ?? 0);
    });
    socket.on('error', reject);
  });

describe('upgrade', () => {
  test('by header or by subprotocol; anything else 401', async () => {
    const bearer = { authorization: `Bearer ${ada.accessToken}` };
    expect(await upgrade(bearer)).toBe(101);
    expect(await upgrade({}, ['hindsight.v1', `bearer.${ada.accessToken}`])).toBe(101);
    expect(await upgrade({})).toBe(401);
    expect(await upgrade({ authorization: 'Bearer nonsense' })).toBe(401);
    expect(await upgrade({}, ['hindsight.v1', 'bearer.nonsense'])).toBe(401);
    expect(await upgrade({ cookie: `access=${ada.accessToken}` })).toBe(401);
  });

  test('an Origin must be on the list: the own http address is', async () => {
    const bearer = { authorization: `Bearer ${ada.accessToken}` };
    expect(await upgrade({ ...bearer, origin: server.http })).toBe(101);
    expect(await upgrade({ ...bearer, origin: 'https://evil.example' })).toBe(403);
  });
});

describe('welcome', () => {
  test('is the first frame, with exactly its fields', async () => {
    const socket = await ada.socket();
    const welcome = await socket.until(() => true);
    expect(keys(welcome)).toEqual([
      'at',
      'epoch',
      'ev',
      'expiresAt',
      'heartbeatMs',
      'limits',
      'position',
      'sessionId',
      'userId',
    ]);
    expect(welcome).toMatchObject({ ev: 'welcome', userId: ada.userId, at: expect.stringMatching(RFC3339) });
    socket.close();
  });
});

describe('ops', () => {
  let socket: TestSocket;
  let chatId: string;
  beforeAll(async () => {
    chatId = await group(ada, [ben]);
    socket = await live(ada);
  });
  afterAll(() => socket?.close());

  test('send, edit, react, unreact, delete answer replies', async () => {
    const messageId = ulid();
    const send = await socket.request('send', { chatId, messageId, text: 'x' });
    expect(keys(send)).toEqual(['at', 'changed', 'chatId', 'id', 'messageId', 'ok', 'position', 'seq']);
    expect(await socket.request('send', { chatId, messageId, text: 'x' })).toMatchObject({
      seq: send['seq'],
      at: send['at'],
    });
    const commandId = ulid();
    const edit = await socket.request('edit', { chatId, messageId, text: 'y', commandId });
    expect(edit).toMatchObject({ ok: true, changed: true, messageId, chatId });
    expect(await socket.request('edit', { chatId, messageId, text: 'y', commandId })).toMatchObject({
      ok: true,
      seq: edit['seq'],
      at: edit['at'],
    });
    expect(await socket.request('edit', { chatId, messageId, text: 'z', commandId })).toMatchObject({
      error: { code: 'command-id-reused', retryable: false, message: expect.any(String) },
    });
    for (const op of ['react', 'react', 'unreact', 'unreact'])
      expect(await socket.request(op, { chatId, messageId, emoji: '👍' })).toMatchObject({ ok: true });
    expect(await socket.request('delete', { chatId, messageId })).toMatchObject({ ok: true, changed: true });
    expect(await socket.request('delete', { chatId, messageId })).toMatchObject({ ok: true, changed: false });
    const mine = (await eventsOf(ada, chatId)).filter(({ data }) => data['messageId'] === messageId);
    expect(mine.map(({ type }) => type)).toEqual([
      'MessageSent',
      'MessageEdited',
      'ReactionAdded',
      'ReactionRemoved',
      'MessageDeleted',
    ]);
  });

  test('a command id holds over HTTP and socket alike', async () => {
    const { messageId } = await say(ada, chatId, 'x');
    const commandId = ulid();
    const edit = await socket.request('edit', { chatId, messageId, text: 'y', commandId });
    const repeat = await ada.patch(
      `/chats/${chatId}/messages/${messageId}`,
      { text: 'y' },
      { 'idempotency-key': commandId },
    );
    expect(repeat.body).toMatchObject({ seq: edit['seq'], at: edit['at'], changed: true });
  });

  test('chats and history have the same bodies as HTTP', async () => {
    const { position } = await say(ada, chatId, 'x');
    const overSocket = await socket.request('history', { chatId, limit: 2, minPosition: position });
    const { position: _, ...page } = (await history(ada, chatId, '?limit=2')).body;
    expect(overSocket).toMatchObject({ ok: true, ...page });
    const list = await socket.request('chats', { limit: 1 });
    expect(keys(list)).toEqual(['chats', 'id', 'next', 'ok', 'position']);
    expect(await socket.request('history', { chatId, asOf: 1 })).toMatchObject({
      ok: true,
      messages: [],
      asOf: { seq: 1 },
    });
  });

  test('read and delivered answer {}, and the other hears of it', async () => {
    const { seq } = await say(ben, chatId, 'read me');
    const other = await live(ben);
    expect(keys(await socket.request('delivered', { chatId, seq }))).toEqual(['id', 'ok']);
    expect(keys(await socket.request('read', { chatId, seq }))).toEqual(['id', 'ok']);
    const receipt = await other.until((frame) => frame['ev'] === 'receipt' && frame['readSeq'] === seq);
    expect(receipt).toEqual({ ev: 'receipt', chatId, userId: ada.userId, readSeq: seq, deliveredSeq: seq });
    other.close();
  });

  test('ping answers at, auth answers expiresAt', async () => {
    expect(await socket.request('ping')).toMatchObject({ ok: true, at: expect.stringMatching(RFC3339) });
    const { accessToken } = await signIn(server.http, ada.username);
    const renewed = await socket.request('auth', { accessToken: ada.accessToken });
    expect(renewed).toMatchObject({ ok: true, expiresAt: expect.any(String) });
    expect(await socket.request('auth', { accessToken: ben.accessToken })).toMatchObject({ ok: false });
    expect(accessToken).toEqual(expect.any(String));
  });

  test('an id may be an integer, or a string of 1 to 64 characters; the answer repeats it', async () => {
    const answers: unknown[] = [7, 0, 'x'.repeat(64), '💬'];
    for (const id of answers) {
      socket.sendRaw(JSON.stringify({ id, op: 'ping' }));
      expect((await socket.until((frame) => frame['id'] === id && !('ev' in frame)))['ok']).toBe(true);
    }
  });

  test('an event has the shape of §2 behind ev, on every socket of every member, the sender too', async () => {
    const phone = { ...ada, ...(await signIn(server.http, ada.username)) };
    const sockets = [
      socket,
      await live({ ...ada, socket: () => openSocket(phone.gateway, phone.accessToken) }),
      await live(ben),
    ];
    const { seq } = await say(ada, chatId, 'to all');
    const [event] = await eventsOf(ada, chatId, `?after=${seq - 1}&limit=1`);
    for (const one of sockets) expect(await one.until(isEvent(chatId, seq))).toEqual({ ev: 'event', ...event });
    for (const one of sockets.slice(1)) one.close();
  });
});

describe('close codes', () => {
  test('4409: the same session connected again', async () => {
    const who = await person(server, 'twice');
    const first = await who.socket();
    const second = await who.socket();
    expect(await first.closed).toBe(4409);
    expect(await second.request('ping')).toMatchObject({ ok: true });
    second.close();
  });

  test('another session of the same user is left alone', async () => {
    const who = await person(server, 'phone');
    const first = await who.socket();
    const session = await signIn(server.http, who.username);
    const second = await openSocket(session.gateway, session.accessToken);
    await second.request('ping');
    expect(await first.request('ping')).toMatchObject({ ok: true });
    first.close();
    second.close();
  });

  test('a frame that cannot be read: an error where it has an id; ten in a row close with 4400', async () => {
    const who = await person(server, 'garbler');
    const socket = await who.socket();
    socket.sendRaw(JSON.stringify({ id: 'a', op: 'nonsense' }));
    expect(await socket.until((f) => f['id'] === 'a')).toMatchObject({ ok: false, error: { code: 'bad-request' } });
    for (let i = 0; i < 9; i++) socket.sendRaw('{');
    expect(await socket.request('ping')).toMatchObject({ ok: true });
    for (let i = 0; i < 10; i++) socket.sendRaw('no json');
    expect(await socket.closed).toBe(4400);
  });

  test('a binary frame cannot be read', async () => {
    const who = await person(server, 'binary');
    const socket = await who.socket();
    for (let i = 0; i < 10; i++) socket.sendRaw(Buffer.from([1, 2, 3]));
    expect(await socket.closed).toBe(4400);
  });

  test('4413: a frame over 64 KiB; one just under is read', async () => {
    const who = await person(server, 'big');
    const socket = await who.socket();
    const frame = (length: number): string => {
      const bare = JSON.stringify({ id: 'b', op: 'ping', pad: '' });
      return JSON.stringify({ id: 'b', op: 'ping', pad: 'x'.repeat(length - bare.length) });
    };
    socket.sendRaw(frame(65_536));
    await socket.until((f) => f['id'] === 'b');
    socket.sendRaw(frame(65_537));
    expect(await socket.closed).toBe(4413);
  });

  test('4401: the token expires; auth with a new one keeps the socket', async () => {
    const own = await startServerProcess({ env: { HINDSIGHT_ACCESS_TOKEN_S: '2' } });
    const who = await person(own, 'expiring');
    const kept = await person(own, 'kept');
    const [dying, living] = [await who.socket(), await kept.socket()];
    const { call } = await import('../support/protocol-client.ts');
    const renewed = await call<{ accessToken: string }>(own.http, '/v1/sessions/refresh', {
      body: { refreshToken: kept.refreshToken },
    });
    const answer = await living.request('auth', { accessToken: renewed.body.accessToken });
    expect(answer).toMatchObject({ ok: true });
    expect(await dying.closed).toBe(4401);
    expect((await call(own.http, '/v1/me', { token: who.accessToken })).body).toMatchObject({
      code: 'token-expired',
      status: 401,
    });
    await own.stop();
  });

  test('4503: shutting down', async () => {
    const own = await startServerProcess();
    const who = await person(own, 'late');
    const socket = await who.socket();
    const stopped = own.stop();
    expect(await socket.closed).toBe(4503);
    expect(await stopped).toBe(0);
  });

  test('4408: idle for longer than the heartbeat', async () => {
    const who = await person(server, 'idle');
    const socket = await who.socket();
    const { heartbeatMs } = await socket.until((f) => f['ev'] === 'welcome');
    const opened = performance.now();
    expect(await socket.closed).toBe(4408);
    expect(performance.now() - opened).toBeGreaterThan((heartbeatMs as number) * 0.9);
  }, 90_000);
});
