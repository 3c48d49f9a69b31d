import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StoreError } from '../../../events/event-store.ts';
import { GATEWAYS_NAMED_MAX } from '../../../gateway/http/security-headers.ts';
import { newId } from '../../../gateway/new-id.ts';
import { createHarness, type Harness, PASSWORD, type Person } from './harness.ts';

let h: Harness;
let mara: Person;
beforeEach(async () => {
  h = await createHarness({ origins: ['https://app.example'] });
  mara = await h.person('mara');
});
afterEach(() => h.close());

const raw = (payload: string | Buffer, headers: Record<string, string> = {}) =>
  h.app.inject({
    method: 'POST',
    url: '/v1/chats',
    payload,
    headers: { authorization: `Bearer ${mara.accessToken}`, 'content-type': 'application/json', ...headers },
  });
const isProblem = (status: number, code: string) => ({
  type: `https://hindsight.dev/errors#${code}`,
  title: expect.any(String),
  status,
  detail: expect.any(String),
  code,
  retryable: expect.any(Boolean),
});

it('lets nobody in without a token but where the contract says so', async () => {
  const { paths } = (await h.app.inject({ url: '/openapi.json' })).json();
  const open: string[] = [];
  for (const [path, methods] of Object.entries(paths as Record<string, object>)) {
    for (const method of Object.keys(methods)) {
      const url = path.replace('{emoji}', '%F0%9F%91%8D').replace(/\{\w+\}/g, newId());
      const headers = { authorization: 'Bearer not.a.token' };
      const answer = await h.app.inject({ method: method.toUpperCase() as 'GET', url, headers });
      if (answer.statusCode !== 401) open.push(`${method} ${path}`);
      else expect(answer.json().code).toBe('unauthenticated');
    }
  }
  expect(open.toSorted()).toEqual([
    'get /healthz',
    'get /livez',
    'get /readyz',
    'get /startupz',
    'post /v1/sessions',
    'post /v1/sessions/refresh',
    'post /v1/users',
  ]);
});

describe('every refusal is a problem', () => {
  it.each([
    ['GET', '/v1/nowhere', 404, 'not-found'],
    ['GET', '/elsewhere', 404, 'not-found'],
    ['PUT', '/v1/chats', 404, 'not-found'],
    ['GET', '/v1/chats/%ZZ', 400, 'bad-request'],
    ['GET', '/v1/chats', 401, 'unauthenticated'],
  ] as const)('%s %s is %i %s', async (method, url, status, code) => {
    const answer = await h.app.inject({ method, url });
    expect([answer.statusCode, answer.headers['content-type'], answer.json()]).toEqual([
      status,
      'application/problem+json; charset=utf-8',
      isProblem(status, code),
    ]);
  });

  it.each([
    ['broken JSON', '{"kind": "direct"', 400, 'bad-request'],
    ['no body', '', 400, 'bad-request'],
    ['a list', '[]', 400, 'bad-request'],
    ['null', 'null', 400, 'bad-request'],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 400, 'bad-request'],
    ['depth 33', '['.repeat(33) + ']'.repeat(33), 400, 'bad-request'],
    ['a million brackets', '['.repeat(500_000), 400, 'bad-request'],
    ['__proto__', '{"kind":"group","title":"t","members":[],"__proto__":{"polluted":1}}', 400, 'bad-request'],
    [
      'an escaped __proto__',
      '{"kind":"group","title":"t","members":[],"\\u005f_proto__":{"polluted":1}}',
      400,
      'bad-request',
    ],
    [
      'constructor',
      '{"kind":"group","title":"t","members":[],"constructor":{"prototype":{"polluted":1}}}',
      400,
      'bad-request',
    ],
    ['an operator for an id', '{"kind":"direct","userId":{"$ne":null}}', 400, 'bad-request'],
    ['an unknown field', '{"kind":"group","title":"t","members":[],"owner":"me"}', 400, 'bad-request'],
    ['600 KB', JSON.stringify({ kind: 'group', title: 'x'.repeat(600_000), members: [] }), 413, 'too-large'],
  ] as const)('%s', async (_what, payload, status, code) => {
    const answer = await raw(payload);
    expect(answer.json()).toMatchObject({ status, code });
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it('says which fields are at fault', async () => {
    const answer = await raw('{"kind":"group","title":7,"members":["x"],"owner":"me"}');
    const paths = answer.json().errors.map((error: { path: string }) => error.path);
    expect(paths).toEqual(expect.arrayContaining(['title', 'members.0', 'owner']));
  });

  it('takes nothing but JSON', async () => {
    expect((await raw('<a/>', { 'content-type': 'text/xml' })).json()).toMatchObject({
      status: 415,
      code: 'unsupported-media-type',
    });
    expect((await raw('a=b', { 'content-type': 'application/x-www-form-urlencoded' })).json().code).toBe(
      'unsupported-media-type',
    );
    const utf8 = await raw('{"kind":"group","title":"ü","members":[]}', {
      'content-type': 'application/json; charset=utf-8',
    });
    expect(utf8.statusCode).toBe(201);
  });

  it.each(['short', '01j00000000000000000000000', 'x'.repeat(5_000)])(
    'refuses the Idempotency-Key %.12s',
    async (key) => {
      const answer = await raw('{"kind":"group","title":"t","members":[]}', { 'idempotency-key': key });
      expect(answer.json()).toMatchObject({ status: 400, code: 'bad-request' });
    },
  );

  it.each(['01j00000000000000000000000', '../../etc/passwd', "1' OR '1'='1", 'dm.x.y', `dm.${newId()}`, '%00'])(
    'refuses the chat id %s',
    async (id) => {
      const answer = await h.call('GET', `/v1/chats/${encodeURIComponent(id)}`, { as: mara });
      expect(answer.json()).toMatchObject({ status: 400, code: 'bad-request' });
    },
  );
});

describe('what goes wrong inside', () => {
  it('is 500 without a word of it, logged, and the server goes on', async () => {
    h.queries.user.mockRejectedValue(new Error('SELECT secret FROM views'));
    const answer = await h.call('GET', `/v1/users/${mara.userId}`, { as: mara });
    expect(answer.json()).toEqual(isProblem(500, 'internal'));
    expect(answer.body).not.toContain('SELECT');
    expect(h.logged.filter(({ level }) => level === 'error')).toHaveLength(1);
    expect((await h.call('GET', '/v1/me', { as: mara })).statusCode).toBe(200);
  });

  it('is 500 too where an answer does not fit its schema', async () => {
    h.queries.user.mockResolvedValue({ ok: true, value: { userId: 7, secret: 'kept' } } as never);
    const answer = await h.call('GET', `/v1/users/${mara.userId}`, { as: mara });
    expect(answer.json()).toEqual(isProblem(500, 'internal'));
    expect(answer.body).not.toContain('kept');
  });

  it.each([
    ['unknown', 504, 'unknown'],
    ['busy', 503, 'busy'],
    ['full', 503, 'unavailable'],
    ['closed', 503, 'unavailable'],
  ] as const)('is told where the store is %s', async (code, status, told) => {
    h.queries.user.mockRejectedValue(new StoreError(code, 'disk /dev/sda1'));
    const answer = await h.call('GET', `/v1/users/${mara.userId}`, { as: mara });
    expect(answer.json()).toEqual({ ...isProblem(status, told), retryable: true });
    expect(answer.headers['retry-after']).toMatch(/^\d+$/);
    expect(answer.body).not.toContain('/dev');
  });
});

describe('browsers', () => {
  it('may call from an allowed origin, matched exactly, and from no other', async () => {
    const preflight = (origin: string) =>
      h.app.inject({
        method: 'OPTIONS',
        url: '/v1/chats',
        headers: { origin, 'access-control-request-method': 'POST' },
      });
    const allowed = await preflight('https://app.example');
    expect([allowed.statusCode, allowed.headers['access-control-allow-origin']]).toEqual([204, 'https://app.example']);
    expect(allowed.headers['access-control-allow-headers']).toContain('authorization');
    expect(allowed.headers['access-control-allow-credentials']).toBeUndefined();
    for (const origin of [
      'https://app.example.evil',
      'https://evil',
      'null',
      'http://app.example',
      'https://app.example:444',
    ]) {
      expect((await preflight(origin)).headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  it('may connect to every gateway that sessions name, and nothing that an address says ends the list', async () => {
    let urls: string[] = [];
    const cluster = await createHarness({ http: { gatewayUrls: () => urls } });
    const connect = async (...now: string[]): Promise<string | undefined> => {
      urls = now;
      const { headers } = await cluster.app.inject({ url: '/' });
      return /connect-src 'self' ?([^;]*);/.exec(String(headers['content-security-policy']))?.[1];
    };
    try {
      expect(await connect()).toBe('');
      expect(await connect('wss://a.example/v1/ws', 'wss://b.example:4001/v1/ws', 'wss://a.example/other')).toBe(
        'wss://a.example wss://b.example:4001',
      );
      expect(
        await connect("wss://a.example; script-src 'unsafe-inline'/", 'https://c.example', 'wss://b.example'),
      ).toBe('wss://b.example');
      const many = Array.from({ length: GATEWAYS_NAMED_MAX + 1 }, (_, i) => `wss://g${i}.example/v1/ws`);
      expect((await connect(...many.slice(1)))?.split(' ')).toHaveLength(GATEWAYS_NAMED_MAX);
      expect(await connect(...many)).toBe('wss:');
    } finally {
      await cluster.close();
    }
  });

  it('are told to run no foreign script and to keep nothing', async () => {
    const { headers } = await h.call('GET', '/v1/me', { as: mara });
    expect(headers['content-security-policy']).toContain("script-src 'self'");
    expect(headers['content-security-policy']).toContain("connect-src 'self' ws://127.0.0.1:4001");
    expect(headers['content-security-policy']).not.toContain('unsafe');
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
    });
  });
});

describe('rate limits', () => {
  it('stop whoever guesses at one name, and say when to come back', async () => {
    const limited = await createHarness({ rateLimits: true });
    try {
      const guess = () => limited.call('POST', '/v1/sessions', { body: { username: 'mara', password: 'wrong guess' } });
      const answers = [];
      for (let i = 0; i < 11; i++) answers.push(await guess());
      expect(answers.slice(0, 10).every((answer) => answer.json().code === 'bad-credentials')).toBe(true);
      expect(answers[10]?.json()).toMatchObject({ status: 429, code: 'rate-limited', retryable: true });
      expect(Number(answers[10]?.headers['retry-after'])).toBeGreaterThan(0);
      const other = await limited.call('POST', '/v1/sessions', { body: { username: 'noor', password: 'wrong guess' } });
      expect(other.json().code).toBe('bad-credentials');
    } finally {
      await limited.close();
    }
  });

  it('stop a user who floods one chat', async () => {
    const limited = await createHarness({ rateLimits: true });
    try {
      const noor = await limited.person('noor');
      const flood = () => limited.call('DELETE', `/v1/chats/${mara.userId}/messages/${mara.userId}`, { as: noor });
      const codes = [];
      for (let i = 0; i < 201; i++) codes.push((await flood()).json().code);
      expect([codes[0], codes[199], codes[200]]).toEqual(['chat-not-found', 'chat-not-found', 'rate-limited']);
    } finally {
      await limited.close();
    }
  });
});

it('writes no password, token or text into the log', async () => {
  h.queries.user.mockRejectedValue(new Error('broken'));
  await h.call('POST', '/v1/users', { body: { username: 'x', password: PASSWORD, displayName: '' } });
  await h.call('GET', `/v1/users/${mara.userId}`, { as: mara });
  await h.call('POST', '/v1/sessions/refresh', { body: { refreshToken: mara.refreshToken } });
  const everything = JSON.stringify(h.logged, (_key, value) =>
    value instanceof Error ? [value.stack, Object.entries(value)] : value,
  );
  expect(everything).toContain('broken');
  for (const secret of [PASSWORD, mara.accessToken, mara.refreshToken]) expect(everything).not.toContain(secret);
});
