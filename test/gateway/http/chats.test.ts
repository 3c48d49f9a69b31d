import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rejected } from '../../../events/error-codes.ts';
import { directChatId } from '../../../events/ids.ts';
import { encodePosition } from '../../../events/position.ts';
import { newId } from '../../../gateway/new-id.ts';
import { createHarness, type Harness, ok, type Person } from './harness.ts';

let h: Harness;
let mara: Person;
let noor: Person;
beforeEach(async () => {
  h = await createHarness();
  mara = await h.person('mara');
  noor = await h.person('noor');
});
afterEach(() => h.close());

const startGroup = async (more: object = {}) =>
  h.call('POST', '/v1/chats', { as: mara, body: { kind: 'group', title: 'Owls', members: [noor.userId], ...more } });
const asOf = { seq: 3, at: '2026-01-01T00:00:00.000Z' };

describe('commands', () => {
  it('start a direct chat once, whoever begins', async () => {
    const first = await h.call('POST', '/v1/chats', { as: mara, body: { kind: 'direct', userId: noor.userId } });
    const chatId = directChatId(mara.userId, noor.userId);
    expect([first.statusCode, first.json()]).toEqual([
      201,
      { chatId, seq: 1, at: expect.any(String), position: expect.any(String) },
    ]);
    const again = await h.call('POST', '/v1/chats', { as: noor, body: { kind: 'direct', userId: mara.userId } });
    expect([again.statusCode, again.json().chatId]).toEqual([200, chatId]);
  });

  it('start one group for one key, though no chatId was given', async () => {
    const headers = { 'idempotency-key': newId() };
    const body = { kind: 'group', title: 'Owls', members: [] };
    const first = await h.call('POST', '/v1/chats', { as: mara, body, headers });
    const again = await h.call('POST', '/v1/chats', { as: mara, body, headers });
    expect([first.statusCode, again.statusCode]).toEqual([201, 200]);
    expect(again.json()).toEqual(first.json());
  });

  it('send, edit, react, delete, and answer each with its seq', async () => {
    const { chatId } = (await startGroup()).json();
    const messageId = newId();
    const url = `/v1/chats/${chatId}/messages`;
    const sent = await h.call('POST', url, { as: noor, body: { messageId, text: 'good evening' } });
    expect([sent.statusCode, sent.json()]).toEqual([
      201,
      { chatId, messageId, seq: 2, at: expect.any(String), position: expect.any(String), changed: true },
    ]);
    const repeat = await h.call('POST', url, { as: noor, body: { messageId, text: 'good evening' } });
    expect([repeat.statusCode, repeat.json()]).toEqual([200, sent.json()]);
    const other = await h.call('POST', url, { as: noor, body: { messageId, text: 'good morning' } });
    expect(other.json()).toMatchObject({ status: 409, code: 'message-id-reused' });

    const heart = `${url}/${messageId}/reactions/${encodeURIComponent('👩🏻‍❤️‍💋‍👩🏿')}`;
    expect((await h.call('PUT', heart, { as: mara })).json()).toMatchObject({ seq: 3, changed: true });
    expect((await h.call('PUT', heart, { as: mara })).json()).toMatchObject({ seq: 3, changed: false });
    expect((await h.call('DELETE', heart, { as: mara })).json()).toMatchObject({ seq: 4, changed: true });
    const edited = await h.call('PATCH', `${url}/${messageId}`, { as: noor, body: { text: 'good night' } });
    expect(edited.json()).toMatchObject({ seq: 5, changed: true });
    const stranger = await h.call('PATCH', `${url}/${messageId}`, { as: mara, body: { text: 'mine' } });
    expect(stranger.json()).toMatchObject({ status: 403, code: 'forbidden' });
    const deleted = await h.call('DELETE', `${url}/${messageId}`, {
      as: mara,
      headers: { 'content-type': 'application/json' },
    });
    expect(deleted.json()).toMatchObject({ seq: 6, changed: true });
  });

  it('change the title and the members, and move receipts', async () => {
    const { chatId } = (await startGroup()).json();
    const renamed = await h.call('PATCH', `/v1/chats/${chatId}`, { as: mara, body: { title: 'Night owls' } });
    expect(renamed.json()).toMatchObject({ seq: 2, changed: true });
    const member = `/v1/chats/${chatId}/members/${noor.userId}`;
    expect((await h.call('PUT', member, { as: mara, body: { role: 'admin' } })).json()).toMatchObject({ seq: 3 });
    expect((await h.call('PUT', member, { as: mara })).json()).toMatchObject({ seq: 3, changed: false });
    const marks = await h.call('PUT', `/v1/chats/${chatId}/receipts`, { as: noor, body: { readSeq: 99 } });
    expect(marks.json()).toMatchObject({ readSeq: 3 });
    expect((await h.call('DELETE', member, { as: noor })).json()).toMatchObject({ seq: 4, changed: true });
  });

  it('say nothing of a chat to a stranger, that it exists included', async () => {
    const { chatId } = (await startGroup({ members: [] })).json();
    const refused = [
      await h.call('POST', `/v1/chats/${chatId}/messages`, { as: noor, body: { text: 'hello?' } }),
      await h.call('POST', `/v1/chats/${newId()}/messages`, { as: noor, body: { text: 'hello?' } }),
    ];
    expect(refused[0]?.json()).toMatchObject({ status: 404, code: 'chat-not-found' });
    expect(refused[0]?.body).toBe(refused[1]?.body);
  });
});

describe('reads', () => {
  const message = {
    seq: 2, number: 1, messageId: '01J00000000000000000000001', senderId: '01J00000000000000000000002', at: asOf.at, text: 'hi', editedAt: null,
    deleted: false, withheld: null, replyTo: null, mentions: [], files: [], reactions: [],
  }; // biome-ignore format: one message

  it('pass a point by seq or by time, and the edges of a page', async () => {
    const chatId = newId();
    const page = {
      chatId,
      asOf,
      title: 'Owls',
      memberCount: 2,
      messages: [message],
      next: { before: 2, asOf: 3 },
      position: 'e-1',
    };
    h.queries.messages.mockResolvedValue(ok(page));
    const answer = await h.call('GET', `/v1/chats/${chatId}/messages?before=7&asOf=3&limit=9000`, { as: mara });
    expect(answer.json()).toEqual(page);
    expect(h.queries.messages).toHaveBeenLastCalledWith(mara.userId, chatId, {
      limit: 200,
      before: 7,
      asOf: { seq: 3 },
    });
    await h.call('GET', `/v1/chats/${chatId}/messages?after=0&asOf=2026-02-03T10:00:00.250Z`, { as: mara });
    const time = Date.UTC(2026, 1, 3, 10, 0, 0, 250);
    expect(h.queries.messages).toHaveBeenLastCalledWith(mara.userId, chatId, { limit: 50, after: 0, asOf: { time } });
  });

  it.each(['1'.repeat(16), '9'.repeat(400)])('take a number that is longer than any: %s', async (many) => {
    h.queries.messages.mockResolvedValue(rejected('as-of-unknown', 'the chat ends at 3'));
    const answer = await h.call('GET', `/v1/chats/${newId()}/messages?limit=${many}&asOf=${many}`, { as: mara });
    expect(answer.json()).toMatchObject({ code: 'as-of-unknown' });
    const [, , asked] = h.queries.messages.mock.lastCall ?? [];
    expect(asked).toEqual({ limit: 200, asOf: { seq: 999_999_999_999_999 } });
  });

  it.each([
    'limit=0',
    'limit=-1',
    'limit=1e2',
    'limit=ten',
    'before=1&after=1',
    'asOf=yesterday',
    'asOf=-1',
    'asOf=1.5',
    'asOf=2026-02-03T10:00:00',
    'asOf=2026-02-03T10:00:00%2B01:00',
    'asOf=2026-02-30T10:00:00Z',
    'asof=3',
    'before=%00',
    'limit=1&limit=2',
  ])('refuse ?%s', async (query) => {
    const answer = await h.call('GET', `/v1/chats/${newId()}/messages?${query}`, { as: mara });
    expect(answer.json()).toMatchObject({ status: 400, code: 'bad-request' });
    expect(h.queries.messages).not.toHaveBeenCalled();
  });

  it('wait for minPosition, and say behind rather than answer from before it', async () => {
    h.queries.user.mockResolvedValue(ok({ userId: noor.userId, username: 'noor', displayName: 'N', position: 'e-1' }));
    const minPosition = encodePosition(h.store.epoch, 7);
    const url = (position: string) => `/v1/users/${noor.userId}?minPosition=${encodeURIComponent(position)}`;
    expect((await h.call('GET', url(minPosition), { as: mara })).json()).toMatchObject({
      username: 'noor',
      position: 'e-1',
    });
    expect(h.queries.caughtUp).toHaveBeenCalledWith(7, 2_000, undefined);
    h.queries.caughtUp.mockResolvedValue(false);
    const behind = await h.call('GET', url(minPosition), { as: mara });
    expect([behind.headers['retry-after'], behind.json()]).toEqual([
      '1',
      expect.objectContaining({ status: 503, code: 'behind', retryable: true }),
    ]);
    expect((await h.call('GET', url('elsewhere-7'), { as: mara })).json()).toMatchObject({
      status: 409,
      code: 'epoch-changed',
    });
    expect((await h.call('GET', url('7'), { as: mara })).json()).toMatchObject({ status: 400, code: 'bad-request' });
  });

  it('list chats changed after a position', async () => {
    h.queries.chats.mockResolvedValue(ok({ chats: [], next: null, position: 'e-1' }));
    const after = encodePosition(h.store.epoch, 41);
    await h.call('GET', `/v1/chats?changedAfter=${after}&limit=7`, { as: mara });
    expect(h.queries.chats).toHaveBeenCalledWith(mara.userId, { changedAfter: 41, limit: 7 });
    expect((await h.call('GET', '/v1/chats?changedAfter=other-1', { as: mara })).json().code).toBe('epoch-changed');
  });

  it('find the past: versions, reactions, diff, events', async () => {
    const chatId = newId();
    const at = `/v1/chats/${chatId}`;
    h.queries.versions.mockResolvedValue(ok({ versions: [], asOf, position: 'e-1' }));
    h.queries.reactions.mockResolvedValue(ok({ reactions: [], next: null, asOf, position: 'e-1' }));
    h.queries.events.mockResolvedValue(
      ok({
        events: [{ chatId, seq: 1, throughSeq: 3, type: 'Hidden', position: 'e-1' }],
        next: null,
        asOf,
        position: 'e-1',
      }),
    );
    h.queries.members.mockResolvedValue(ok({ members: [], next: null, asOf, position: 'e-1' }));
    const messageId = newId();
    expect((await h.call('GET', `${at}/messages/${messageId}/versions`, { as: mara })).json()).toEqual({
      versions: [],
      asOf,
      position: 'e-1',
    });
    await h.call('GET', `${at}/messages/${messageId}/reactions?emoji=${encodeURIComponent('👍')}&asOf=0`, { as: mara });
    expect(h.queries.reactions).toHaveBeenCalledWith(mara.userId, chatId, messageId, {
      emoji: '👍',
      asOf: { seq: 0 },
      limit: 200,
    });
    await h.call('GET', `${at}/messages/${messageId}/reactions?emoji=${encodeURIComponent('\u2764')}`, { as: mara });
    const qualified = { emoji: '\u2764\uFE0F', limit: 200 };
    expect(h.queries.reactions).toHaveBeenLastCalledWith(mara.userId, chatId, messageId, qualified);
    const events = await h.call('GET', `${at}/events?after=2&limit=5000`, { as: mara });
    expect(events.json().events[0]).toMatchObject({ type: 'Hidden', throughSeq: 3 });
    expect(h.queries.events).toHaveBeenCalledWith(mara.userId, chatId, { after: 2, limit: 1_000 });
    await h.call('GET', `${at}/members`, { as: mara });
    expect(h.queries.members).toHaveBeenCalledWith(mara.userId, chatId, { limit: 200 });
    expect((await h.call('GET', `${at}/diff?from=1`, { as: mara })).json()).toMatchObject({
      code: 'bad-request',
      errors: [{ path: 'to' }],
    });
  });

  it('never let a field out that the contract does not name', async () => {
    const user = { userId: noor.userId, username: 'noor', displayName: 'N', position: 'e-1', hash: 'secret' };
    h.queries.user.mockResolvedValue(ok(user));
    const answer = await h.call('GET', `/v1/users/${noor.userId}`, { as: mara });
    expect(answer.body).not.toContain('secret');
  });
});
