import { describe, expect, it } from 'vitest';
import { connect, HindsightError, memorySessionStore } from '../../client/sdk/index.ts';
import { signedIn } from './client.ts';
import { FakeClock } from './fake-clock.ts';
import { CHAT, FakeServer, ME, problem } from './fake-server.ts';

describe('a session', () => {
  it('is renewed once, however many ask for it', async () => {
    const { server, client } = await signedIn();
    server.refused.add('access-1');
    await Promise.all([client.api.chats(), client.api.messages(CHAT), client.api.events(CHAT, { after: 0 })]);
    expect(server.requests.filter((request) => request.endsWith('/refresh'))).toHaveLength(1);
  });

  it('is taken up again from the store', async () => {
    const store = memorySessionStore();
    const { server, clock, client } = await signedIn({ sessions: store });
    client.close();
    const again = connect({
      url: 'http://server',
      fetch: server.fetch,
      sessions: store,
      clock,
      WebSocket: Unreachable,
    });
    await expect(again.session.resume()).resolves.toMatchObject({ userId: ME });
    await expect(again.api.chats()).resolves.toMatchObject({ chats: [{ chatId: CHAT }] });
    again.close();
  });

  it('that the server has ended leaves nothing behind', async () => {
    const store = memorySessionStore();
    const { server, client } = await signedIn({ sessions: store });
    server.refused.add('access-1');
    server.refreshRefused = true;
    await expect(client.api.chats()).rejects.toMatchObject({ code: 'unauthenticated', status: 401 });
    await expect(store.load()).resolves.toBeNull();
    expect(client.session.user).toBeNull();
  });

  it('goes by the life of the token where the clocks of server and client differ', async () => {
    const clock = new FakeClock();
    const server = new FakeServer(clock);
    server.tokenLifeMs = -3_600_000; // by our clock the token ended an hour ago
    const { client } = await signedIn({ server });
    await client.api.chats();
    await client.api.chats();
    expect(server.sessions).toBe(1);
  });

  it('signs out: the token is gone, the connection closed, the server told', async () => {
    const { server, client } = await signedIn();
    await client.session.signOut();
    expect(server.requests.at(-1)).toBe('DELETE /v1/sessions/current');
    expect(server.wire.closed).toBe(1000);
    await expect(client.api.chats()).rejects.toMatchObject({ code: 'closed' });
  });
});

describe('a request', () => {
  it('waits as long as the server asks, then tries again', async () => {
    const { server, client, clock } = await signedIn();
    let refusals = 2;
    server.interceptHttp = () => (refusals-- > 0 ? problem(429, 'rate-limited', { 'retry-after': '7' }) : null);
    const before = clock.now();
    const answer = client.api.chats();
    await clock.pass(13_900);
    expect(refusals).toBe(0);
    await clock.pass(200);
    await answer;
    expect(clock.now() - before).toBe(14_100);
  });

  it('carries one key through all its attempts', async () => {
    const { server, client, clock } = await signedIn();
    const keys: (string | undefined)[] = [];
    const { fetch } = server;
    const other = connect({
      url: 'http://server',
      clock,
      WebSocket: Unreachable,
      fetch: (input, init) => {
        if (init?.method === 'PATCH') keys.push((init.headers as Record<string, string>)['idempotency-key']);
        return keys.length > 0 && keys.length < 3 ? Promise.reject(new TypeError('network')) : fetch(input, init);
      },
    });
    await other.session.signIn({ username: 'me', password: 'secret' });
    const renamed = other.api.renameChat(CHAT, 'quay').catch((error: unknown) => error);
    await clock.pass(20_000);
    expect(await renamed).toBeInstanceOf(HindsightError); // the fake knows no such path
    expect(keys.length).toBe(3);
    expect(new Set(keys).size).toBe(1);
    client.close();
    other.close();
  });

  it('names the fields at fault', async () => {
    const { server, client } = await signedIn();
    const body = {
      code: 'bad-request',
      detail: 'no',
      retryable: false,
      errors: [{ path: 'username', message: 'too short' }],
    };
    server.interceptHttp = () => Response.json(body, { status: 400 });
    const registered = client.session.register({ username: 'a', password: 'b', displayName: 'c' });
    await expect(registered).rejects.toMatchObject({
      code: 'bad-request',
      errors: [{ path: 'username', message: 'too short' }],
    });
  });
});

const Unreachable = function Unreachable() {
  return { send: () => undefined, close: () => undefined, addEventListener: () => undefined };
} as unknown as NonNullable<Parameters<typeof connect>[0]['WebSocket']>;
