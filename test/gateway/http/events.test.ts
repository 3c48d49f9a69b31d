import { createHash } from 'node:crypto';
import { setTimeout as after } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Commands } from '../../../commands/index.ts';
import { encodePosition } from '../../../events/position.ts';
import { opsStream } from '../../../events/streams.ts';
import { type HttpServer, serveHttp } from '../../../gateway/http/server.ts';
import { newId } from '../../../gateway/new-id.ts';
import { createHarness, type Harness, type Person } from './harness.ts';

let h: Harness;
let mara: Person;
let ana: Person;
let reader: Person;
let chatId: string;
let recordOps: Commands['recordOps'] | null;
beforeEach(async () => {
  recordOps = null;
  h = await createHarness({
    commands: (real) => ({ ...real, recordOps: (entry) => (recordOps ?? real.recordOps)(entry) }),
  });
  mara = await h.person('mara');
  ana = await h.person('ana', 'user', 'analyst');
  reader = await h.person('reader', 'user', 'analyst', 'analyst:content');
  chatId = await group('Secret title');
  await say('secret one');
  await say('secret two');
});
afterEach(() => h.close());

const group = async (title: string): Promise<string> =>
  (await h.call('POST', '/v1/chats', { as: mara, body: { kind: 'group', title, members: [] } })).json().chatId;
const say = async (text: string) =>
  (await h.call('POST', `/v1/chats/${chatId}/messages`, { as: mara, body: { text } })).json();
const read = async (query: string, as: Person = reader) => {
  const answer = await h.call('GET', `/v1/events?${query}`, { as });
  return {
    answer,
    lines: answer.body
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line)),
  };
};
const texts = (lines: { data?: { text?: string } }[]) => lines.flatMap((line) => line.data?.text ?? []);

describe('the events of all chats', () => {
  it('come a line each, in order, and end with their count and hash', async () => {
    const { answer, lines } = await read('');
    expect(answer.headers['content-type']).toBe('application/x-ndjson');
    const end = lines.pop();
    expect(lines.map((event) => [event.chatId, event.seq, event.type])).toEqual([
      [chatId, 1, 'ChatStarted'],
      [chatId, 2, 'MessageSent'],
      [chatId, 3, 'MessageSent'],
    ]);
    const body = answer.body.slice(0, answer.body.lastIndexOf('\n', answer.body.length - 2) + 1);
    const sha256 = createHash('sha256').update(body).digest('hex');
    expect(end).toEqual({ end: true, position: expect.any(String), count: 3, sha256 });
    expect((await read(`after=${end.position}`)).lines).toEqual([
      { ...end, position: expect.any(String), count: 0, sha256: createHash('sha256').digest('hex') },
    ]);
  });

  it('have no words for an analyst who may not read them', async () => {
    const { answer, lines } = await read('', ana);
    expect(answer.body).not.toMatch(/secret/i);
    expect(lines[0].data).toMatchObject({ title: '', withheld: 'hidden' });
    expect(lines[1].data).toMatchObject({ text: '', withheld: 'hidden' });
    expect((await read('')).answer.body).toContain('secret one');
  });

  it('can be narrowed, the conditions together', async () => {
    const other = await group('Other');
    const { lines: all } = await read('');
    const [started, one, two] = all;
    expect((await read('type=MessageSent,ChatRenamed')).lines).toHaveLength(3);
    expect((await read(`type=ChatStarted&chatId=${other}`)).lines[0]).toMatchObject({ chatId: other, seq: 1 });
    expect((await read(`actor=${ana.userId}`)).lines).toHaveLength(1);
    expect(texts((await read(`after=${one.position}`)).lines)).toEqual(['secret two']);
    expect(texts((await read(`after=${started.position}&until=${one.position}&chatId=${chatId}`)).lines)).toEqual([
      'secret one',
    ]);
    expect(texts((await read(`after=${one.position}&chatId=${chatId}`)).lines)).toEqual(['secret two']);
    expect((await read(`from=${two.at}&to=${two.at}&type=MessageSent`)).lines.at(-2)).toEqual(two);
    expect((await read('to=2020-01-01T00:00:00Z')).lines).toHaveLength(1);
    for (const query of ['after=x', 'after=other-1', 'from=now', 'follow=1', 'chatid=x']) {
      expect((await read(query)).answer.statusCode).toBeGreaterThanOrEqual(400);
    }
  });

  it('are read backward, and go on before the last line', async () => {
    const { lines } = await read('');
    const { lines: back } = await read('order=backward');
    expect(back.slice(0, -1)).toEqual(lines.slice(0, -1).toReversed());
    expect(back.at(-1)).toMatchObject({ end: true, count: 3 });
    expect(texts((await read(`order=backward&before=${back[0].position}`)).lines)).toEqual(['secret one']);
    expect((await read('order=backward&follow=true')).answer.json().code).toBe('bad-request');
  });

  it('are found by their words, for whoever may read them', async () => {
    expect(texts((await read('text=SECRET%20two')).lines)).toEqual(['secret two']);
    expect((await read('text=secret&type=ChatStarted')).lines[0]).toMatchObject({ data: { title: 'Secret title' } });
    expect((await read('text=secret', ana)).answer.json()).toMatchObject({ status: 403, code: 'forbidden' });
  });

  it('are for analysts only, from one request to the next', async () => {
    expect((await h.call('GET', '/v1/events', { as: mara })).json()).toMatchObject({ status: 403, code: 'forbidden' });
    expect((await h.call('GET', '/v1/events')).json()).toMatchObject({ status: 401, code: 'unauthenticated' });
    await h.commands.setRoles({ actor: ana.userId, userId: ana.userId, roles: ['user', 'ops'], commandId: newId() });
    expect((await read('', ana)).answer.json().code).toBe('forbidden');
  });

  it('are not read before the reading is recorded', async () => {
    await read(`chatId=${chatId}&type=MessageSent`, ana);
    const [recorded] = await h.store.readStream(opsStream('events'), { limit: 10 });
    expect(JSON.parse(recorded?.data ?? '')).toEqual({ content: false, filter: { chatId, type: 'MessageSent' } });
    expect(JSON.parse(recorded?.metadata ?? '')).toMatchObject({ actor: ana.userId });
    recordOps = async () => {
      throw new Error('the log is full');
    };
    const refused = await h.call('GET', '/v1/events', { as: ana });
    expect([refused.statusCode, refused.json().code]).toEqual([500, 'internal']);
  });

  it('end with an error line where the log fails in the middle', async () => {
    vi.spyOn(h.store, 'readAll').mockRejectedValueOnce(new Error('disk gone'));
    const { lines } = await read('');
    expect(lines).toEqual([{ error: { code: 'internal', message: expect.any(String), retryable: true } }]);
  });
});

describe('following', () => {
  let server: HttpServer | undefined;
  afterEach(() => server?.close());
  async function follow(query = '', as: Person = reader) {
    server = await serveHttp(h.app, { host: '127.0.0.1', port: 0 });
    const aborter = new AbortController();
    const headers = { authorization: `Bearer ${as.accessToken}` };
    const response = await fetch(`${server.url}/v1/events?follow=true&${query}`, { headers, signal: aborter.signal });
    const lines = (async function* () {
      let rest = '';
      for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        const parts = (rest + chunk).split('\n');
        rest = parts.pop() ?? '';
        for (const part of parts) if (part !== '') yield JSON.parse(part);
      }
    })();
    return { next: async () => (await lines.next()).value, lines, aborter };
  }

  it('goes on with what happens, and stops reading the log when the client goes', async () => {
    const subscribe = vi.spyOn(h.store, 'subscribe');
    const { next, aborter } = await follow('type=MessageSent');
    expect([(await next()).seq, (await next()).seq]).toEqual([2, 3]);
    await say('and now this');
    expect((await next()).data.text).toBe('and now this');
    const subscription = subscribe.mock.calls[0]?.[0];
    expect(subscription?.signal.aborted).toBe(false);
    aborter.abort();
    await vi.waitFor(() => expect(subscription?.signal.aborted).toBe(true), { timeout: 5_000 });
  });

  it('goes on no further than `until`', async () => {
    const thisRead = 1; // it is recorded itself
    const until = encodePosition(h.store.epoch, (await h.store.head()) + thisRead + 1);
    const { next } = await follow(`type=MessageSent&until=${until}`);
    expect([(await next()).seq, (await next()).seq]).toEqual([2, 3]);
    await say('the last');
    await say('beyond');
    expect((await next()).data.text).toBe('the last');
    expect(await next()).toMatchObject({ end: true, count: 3, position: until });
  });

  it('does not keep the server from closing', async () => {
    const { next } = await follow('type=MessageSent');
    await next();
    await next();
    const closed = server?.close();
    expect(await next()).toMatchObject({ error: { code: 'unavailable' } });
    await closed;
  });

  it.each([
    ['its session ends', 'unauthenticated', () => h.call('DELETE', '/v1/sessions/current', { as: reader })],
    ['its token expires', 'token-expired', async () => void (h.time.offset = 901_000)],
    [
      'the role is taken back',
      'forbidden',
      () => h.commands.setRoles({ actor: mara.userId, userId: reader.userId, roles: ['user'], commandId: newId() }),
    ],
  ])('stops within a second when %s', async (_when, code, act) => {
    const { next, lines } = await follow('type=MessageSent');
    await next();
    await next();
    await act();
    const ended = await Promise.race([next(), after(4_000, 'still going')]);
    expect(ended).toMatchObject({ error: { code } });
    expect((await lines.next()).done).toBe(true);
  });
});
