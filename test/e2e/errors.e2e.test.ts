import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, call, TEST_PASSWORD } from '../support/protocol-client.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { codeOf, group, keys, type Person, type Problem, person, say, ulid } from './world.ts';

let server: ServerProcess;
let ada: Person;
let ben: Person;
let chatId: string;
beforeAll(async () => {
  server = await startServerProcess();
  [ada, ben] = await Promise.all([person(server, 'ada'), person(server, 'ben')]);
  chatId = await group(ada, [ben]);
});
afterAll(() => server?.stop());

const FIELDS = ['code', 'detail', 'retryable', 'status', 'title', 'type'];

describe('problems', () => {
  test('are application/problem+json with exactly these fields', async () => {
    const answers: Answer<unknown>[] = [
      await call(server.http, '/v1/me'),
      await call(server.http, '/v1/sessions', { body: { username: 'nobody', password: TEST_PASSWORD } }),
      await ada.get('/nowhere'),
      await ada.get(`/chats/${ulid()}`),
      await ada.get('/events'),
      await ada.get(`/chats/${chatId}/messages?asOf=99`),
      await ada.post('/chats', { kind: 'direct', userId: ada.userId }),
      await ada.post('/chats', { kind: 'group', title: '', members: [] }),
      await ada.post('/chats', { kind: 'group', title: 'x', members: [] }, { 'content-type': 'text/xml' }),
      await ada.post('/chats', { kind: 'group', title: 'x'.repeat(3_000_000), members: [] }),
    ];
    expect(answers.map(codeOf)).toEqual([
      '401 unauthenticated',
      '401 bad-credentials',
      '404 not-found',
      '404 chat-not-found',
      '403 forbidden',
      '422 as-of-unknown',
      '422 direct-chat',
      '400 bad-request',
      '415 unsupported-media-type',
      '413 too-large',
    ]);
    for (const { body, status, headers } of answers) {
      expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(keys(body as Problem).filter((key) => key !== 'errors')).toEqual(FIELDS);
      expect((body as Problem).status).toBe(status);
      expect((body as Problem).retryable).toBe(false);
    }
  });

  test('a body that is no JSON, or none, is a bad request', async () => {
    const raw = (body: string): Promise<Response> =>
      fetch(`${server.http}/v1/chats`, {
        method: 'POST',
        body,
        headers: { authorization: `Bearer ${ada.accessToken}`, 'content-type': 'application/json' },
      });
    for (const body of ['{', '', '[]', 'null', '"x"', '{"kind":"nonsense"}']) {
      const answer = await raw(body);
      expect([body, answer.status, ((await answer.json()) as Problem).code]).toEqual([body, 400, 'bad-request']);
    }
  });

  test('wrong methods and paths are not-found, never a stack trace', async () => {
    for (const [method, path] of [
      ['PUT', '/chats'],
      ['DELETE', `/chats/${chatId}`],
      ['POST', `/chats/${chatId}/events`],
      ['GET', '/../etc/passwd'],
    ]) {
      const { status, body } = await call(server.http, `/v1${path}`, {
        method: method as string,
        token: ada.accessToken,
      });
      expect([method, path, status, body['code']]).toEqual([method, path, 404, 'not-found']);
    }
  });

  test.each(['%', '%00', '%ED%A0%80', '%F0%9F', 'a/b', '..%2f..'])(
    'a broken path part %s never is an internal error',
    async (part) => {
      const { messageId } = await say(ada, chatId, 'x');
      for (const path of [
        `/chats/${part}`,
        `/chats/${chatId}/messages/${messageId}/reactions/${part}`,
        `/users/${part}`,
      ]) {
        const answer = await call(server.http, `/v1${path}`, {
          method: path.includes('reactions') ? 'PUT' : 'GET',
          token: ada.accessToken,
        });
        expect([400, 404]).toContain(answer.status);
      }
    },
  );

  test('the same codes on the socket', async () => {
    const socket = await ada.socket();
    const code = async (op: string, fields: Record<string, unknown>): Promise<unknown> => {
      const frame = await socket.request(op, fields);
      expect(frame).toMatchObject({ ok: false, error: { message: expect.any(String), retryable: false } });
      return (frame['error'] as { code: string }).code;
    };
    expect([
      await code('send', { chatId: ulid(), text: 'x' }),
      await code('send', { chatId, text: '' }),
      await code('send', { chatId, text: 'x', messageId: ulid(Date.now() + 200_000) }),
      await code('edit', { chatId, messageId: ulid(), text: 'x' }),
      await code('history', { chatId, asOf: 9999 }),
      await code('react', { chatId, messageId: ulid(), emoji: 'x' }),
      await code('read', { chatId: ulid(), seq: 1 }),
      await code('read', { chatId, seq: -1 }),
    ]).toEqual([
      'chat-not-found',
      'bad-request',
      'id-from-the-future',
      'message-not-found',
      'as-of-unknown',
      'bad-request',
      'chat-not-found',
      'bad-request',
    ]);
    socket.close();
  });

  test('429 rate-limited with Retry-After, where limits are on', async () => {
    const own = await startServerProcess({ env: { HINDSIGHT_RATE_LIMITS: 'on' } });
    let limited: Answer<unknown> | undefined;
    for (let i = 0; i < 60 && !limited; i++) {
      const answer = await call(own.http, '/v1/sessions', {
        body: { username: 'somebody', password: `wrong wrong wrong ${i}` },
      });
      if (answer.status === 429) limited = answer;
    }
    await own.stop();
    expect(codeOf(limited as Answer<unknown>)).toBe('429 rate-limited');
    expect(Number(limited?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((limited?.body as Problem | undefined)?.retryable).toBe(true);
  });
});
