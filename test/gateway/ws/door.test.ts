import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { ANN, BOB, GROUP } from '../../support/commands.ts';
import { adaptersHere } from './support/adapters.ts';
import { type GatewayWorld, ORIGIN, startWorld } from './support/world.ts';

const { adapters } = await adaptersHere();

describe.each(adapters)('who may come in and stay, on $adapter', (adapter) => {
  let w: GatewayWorld;
  beforeEach(async () => {
    w = await startWorld({ adapter, gateway: { heartbeatMs: 10_000, heartbeatGraceMs: 5_000 } });
  });
  afterEach(() => w.close());

  async function status(protocols: string[], headers: Record<string, string> = {}, url = w.url): Promise<number> {
    const socket = new WebSocket(url, protocols, { headers });
    socket.on('error', () => undefined); // a refused upgrade is an error too; the answer is what counts
    return new Promise((resolve) => {
      socket.once('unexpected-response', (_, response) => resolve(response.statusCode ?? 0));
      socket.once('open', () => {
        socket.terminate();
        resolve(101);
      });
    });
  }

  test('a valid token by header or subprotocol opens; everything else is 401', async () => {
    const token = w.token(ANN);
    expect(await status([], { authorization: `Bearer ${token}` })).toBe(101);
    expect(await status(['hindsight.v1', `bearer.${token}`])).toBe(101);
    expect(await status([])).toBe(401);
    expect(await status(['hindsight.v1'])).toBe(401);
    expect(await status(['hindsight.v1', 'bearer.forged'])).toBe(401);
    expect(await status([`bearer.${token}`])).toBe(401);
    expect(await status([], { authorization: `Basic ${token}` })).toBe(401);
    expect(await status(['hindsight.v1', `bearer.${w.token(ANN, { livesMs: -1 })}`])).toBe(401);
    expect(await status([], {}, `${w.url}?token=${token}`)).toBe(401);
  });

  test('an origin must be on the list, exactly', async () => {
    const protocols = ['hindsight.v1', `bearer.${w.token(ANN)}`];
    expect(await status(protocols, { origin: ORIGIN })).toBe(101);
    for (const origin of [
      'null',
      'http://evil.example',
      `${ORIGIN}.evil.example`,
      `${ORIGIN}/`,
      'https://127.0.0.1:4000',
    ]) {
      expect(await status(protocols, { origin })).toBe(403);
    }
  });

  test('the subprotocol is answered, the token never', async () => {
    const socket = new WebSocket(w.url, ['hindsight.v1', `bearer.${w.token(ANN)}`]);
    await once(socket, 'open');
    expect(socket.protocol).toBe('hindsight.v1');
    socket.terminate();
  });

  test('the end of a session closes its socket with 4401, and only its', async () => {
    const [one, other] = [await w.open(ANN, { sessionId: 'one' }), await w.open(ANN, { sessionId: 'other' })];
    w.endSession('one');
    expect(await one.closed).toBe(4401);
    expect(await other.request('ping')).toMatchObject({ ok: true });
  });

  test('the same session connected again closes the older socket with 4409', async () => {
    const older = await w.open(ANN, { sessionId: 'one' });
    const younger = await w.open(ANN, { sessionId: 'one' });
    expect(await older.closed).toBe(4409);
    expect(await younger.request('ping')).toMatchObject({ ok: true });
  });

  test('an expired token closes with 4401, unless it was renewed', async () => {
    const [renewed, expired] = [
      await w.open(ANN, { sessionId: 'one', livesMs: 60_000 }),
      await w.open(BOB, { livesMs: 60_000 }),
    ];
    const accessToken = w.token(ANN, { sessionId: 'one', livesMs: 300_000 });
    const answer = await renewed.request('auth', { accessToken });
    expect(Date.parse(String(answer['expiresAt'])) - Date.now()).toBeGreaterThan(200_000);
    const since = Date.now();
    await keepAliveUntil(61_000, [renewed, expired]);
    expect(await expired.closed).toBe(4401);
    expect(Date.now() - since).toBeLessThan(1_000);
    expect(await renewed.request('ping')).toMatchObject({ ok: true });
  });

  test('an older token of the session does not shorten what a newer one gave', async () => {
    const socket = await w.open(ANN, { sessionId: 'one', livesMs: 300_000 });
    const older = w.token(ANN, { sessionId: 'one', livesMs: 60_000 });
    const answer = await socket.request('auth', { accessToken: older });
    expect(Date.parse(String(answer['expiresAt'])) - Date.now()).toBeGreaterThan(200_000);
    await keepAliveUntil(61_000, [socket]);
    expect(await socket.request('ping')).toMatchObject({ ok: true });
  });

  /** Lets time pass in steps short enough for nobody to fall silent; the server has seen a frame in each. */
  async function keepAliveUntil(ms: number, sockets: { request(op: string): Promise<unknown> }[]): Promise<void> {
    while (w.skew.ms < ms) {
      w.skew.ms = Math.min(ms, w.skew.ms + 9_000);
      await Promise.all(sockets.map((socket) => socket.request('ping').catch(() => undefined))); // closed: as expected
    }
  }

  test('a token of another user or session does not renew this one', async () => {
    const socket = await w.open(ANN, { sessionId: 'one' });
    for (const accessToken of [w.token(BOB, { sessionId: 'one' }), w.token(ANN, { sessionId: 'two' })]) {
      expect(await socket.request('auth', { accessToken })).toMatchObject({ ok: false, error: { code: 'forbidden' } });
    }
    expect(await socket.request('auth', { accessToken: 'forged' })).toMatchObject({
      error: { code: 'unauthenticated' },
    });
  });

  test('a silent socket is closed with 4408, one that pings is not', async () => {
    const [silent, alive] = [await w.open(ANN), await w.open(BOB)];
    w.skew.ms = 14_000;
    await alive.request('ping');
    w.skew.ms = 16_000;
    expect(await silent.closed).toBe(4408);
    expect(await alive.request('ping')).toMatchObject({ ok: true });
  });

  test('shutting down answers what is open, then closes with 4503 and lets nobody in', async () => {
    await w.say(ANN, { type: 'start-chat', actor: ANN, kind: 'group', title: 'g', members: [BOB] });
    const ann = await w.follow(ANN);
    w.store.faults.pause();
    const answers = Array.from({ length: 10 }, (_, i) => ann.request('send', { chatId: GROUP, text: `m${i}` }));
    await ann.request('ping');
    const closing = w.gateway.close(5_000);
    expect(await ann.request('send', { chatId: GROUP, text: 'late' })).toMatchObject({
      error: { code: 'unavailable', retryable: true },
    });
    w.store.faults.resume();
    expect((await Promise.all(answers)).every(({ ok }) => ok === true)).toBe(true);
    expect(await ann.closed).toBe(4503);
    await closing;
    await expect(w.open(BOB)).rejects.toThrow('ECONNREFUSED');
  });
});

test('too many sockets of one user are refused with 429 while rate limits are on', async () => {
  const [adapter] = adapters;
  if (!adapter) throw new Error('no adapter');
  const w = await startWorld({ adapter, rateLimits: true });
  let refused = 0;
  try {
    for (let i = 0; i < 60 && refused === 0; i++) {
      const error = await w.open(ANN, { sessionId: `s${i}` }).then(
        () => null,
        (thrown: Error) => thrown,
      );
      if (error) {
        expect(error.message).toContain('429');
        refused += 1;
      }
    }
    expect(refused).toBe(1);
  } finally {
    await w.close();
  }
});
