import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createUlidFactory } from '../../infra/system/ids.ts';
import { call, type SignedIn, TEST_PASSWORD } from '../support/protocol-client.ts';
import { type Asker, type Body, keyed, refusal, startAsker, UNKNOWN_ID, ulid } from './asker.ts';

/** What the contract leaves open and docs/protocol.md settles: each sentence of it asked of a real server. */
let asker: Asker;
let mara: SignedIn;
let ben: SignedIn;
let ask: Asker['ask'];
let group: Asker['group'];
let say: Asker['say'];

beforeAll(async () => {
  asker = await startAsker();
  ({ mara, ben, ask, group, say } = asker);
});
afterAll(() => asker?.server.stop());

describe('requests', () => {
  test('fields, query fields and values that nobody knows are refused', async () => {
    const chatId = await group();
    for (const answer of [
      await ask(`/chats/${chatId}/messages`, { body: { text: 'a', txt: 'b' } }),
      await ask(`/chats/${chatId}/messages?as_of=1`),
      await ask(`/chats/${chatId}/messages?limit=1&limit=2`),
      await ask(`/chats/${chatId}/messages?limit=0`),
      await ask(`/chats/${chatId}/messages?before=3&after=1`),
      await ask(`/chats/${chatId.toLowerCase()}`),
      await ask(`/chats/${chatId}/diff?from=1&to=0`),
      await ask(`/chats/${chatId}/messages?asOf=2026-02-03T10:00:00`),
    ]) {
      expect(refusal(answer)).toEqual([400, 'bad-request']);
    }
  });

  test('a path that is not there, or not with this method, is not-found; so is what comes later', async () => {
    const chatId = await group();
    for (const [path, options] of [
      ['/nowhere', {}],
      ['/chats', { method: 'DELETE' }],
      ['/files', {}],
      ['/search', {}],
      ['/connections', {}],
      [`/chats/${chatId}/messages`, { body: { text: 'a', fileIds: [UNKNOWN_ID] } }],
    ] as const) {
      expect(refusal(await ask(path, options))).toEqual([404, 'not-found']);
    }
  });

  test('only JSON is read, and a request without a body needs no type', async () => {
    const chatId = await group([]);
    const text = await fetch(`${asker.server.http}/v1/chats/${chatId}/messages`, {
      method: 'POST',
      headers: { authorization: `Bearer ${mara.accessToken}`, 'content-type': 'text/plain' },
      body: '{"text": "a"}',
    });
    expect([text.status, text.headers.get('content-type')]).toEqual([415, 'application/problem+json; charset=utf-8']);
    const added = await ask(`/chats/${chatId}/members/${ben.userId}`, { method: 'PUT' });
    expect(added).toMatchObject({ status: 200, body: { changed: true } });
  });

  test('a limit above its maximum is lowered to it', async () => {
    const answer = await ask(`/chats/${await group()}/messages?limit=999999`);
    expect(answer.status).toBe(200);
  });
});

describe('ids', () => {
  test('the Idempotency-Key is the id of a group without one, and of a message without one', async () => {
    const key = ulid();
    const body = { kind: 'group', title: 'Keyed', members: [] };
    expect(await ask('/chats', { body, ...keyed(key) })).toMatchObject({ status: 201, body: { chatId: key, seq: 1 } });
    expect(await ask('/chats', { body, ...keyed(key) })).toMatchObject({ status: 200, body: { chatId: key, seq: 1 } });
    const other = await ask('/chats', { body: { ...body, title: 'Other' }, ...keyed(key) });
    expect(refusal(other)).toEqual([409, 'command-id-reused']);

    const id = ulid();
    expect((await say(key, 'a', keyed(id))).body).toMatchObject({ messageId: id, seq: 2 });
    expect(await say(key, 'a', keyed(id))).toMatchObject({
      status: 200,
      body: { messageId: id, seq: 2, changed: true },
    });
  });

  test('one in the body counts alone', async () => {
    const chatId = ulid();
    const body = { kind: 'group', chatId, title: 'Named', members: [] };
    expect((await ask('/chats', { body, ...keyed(ulid()) })).body.chatId).toBe(chatId);
    expect((await ask('/chats', { body, ...keyed(ulid()) })).status).toBe(200);
    const messageId = ulid();
    expect((await say(chatId, 'a', { ...keyed(ulid()), fields: { messageId } })).body.messageId).toBe(messageId);
  });

  test('a registration that is repeated is the same user, 201 again; an id from the future is refused', async () => {
    const body = { username: 'repeated', password: TEST_PASSWORD, displayName: 'R' };
    const register = (key: string) => call<Body>(asker.server.http, '/v1/users', { body, ...keyed(key) });
    const key = ulid();
    const first = await register(key);
    expect(await register(key)).toMatchObject({ status: 201, body: first.body });
    const future = createUlidFactory(() => Date.now() + 180_000)();
    expect(refusal(await say(await group(), 'a', keyed(future)))).toEqual([422, 'id-from-the-future']);
  });

  test('who was removed still learns what became of a message', async () => {
    const chatId = await group();
    const id = ulid();
    const first = await say(chatId, 'before', { as: ben, ...keyed(id) });
    await ask(`/chats/${chatId}/members/${ben.userId}`, { method: 'DELETE' });
    expect(await say(chatId, 'before', { as: ben, ...keyed(id) })).toMatchObject({
      status: 200,
      body: { seq: first.body.seq },
    });
    expect(refusal(await say(chatId, 'after', { as: ben }))).toEqual([404, 'chat-not-found']);
  });
});
