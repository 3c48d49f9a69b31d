import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import {
  asPerson,
  codeOf,
  eventsOf,
  group,
  history,
  live,
  type Page,
  type Person,
  person,
  type Reply,
  say,
  summary,
  ulid,
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
const core = ({ chatId, messageId, seq, at, changed }: Reply): object => ({ chatId, messageId, seq, at, changed });

describe('the same id any number of times', () => {
  test('a send: one event, the same seq and at; 201 and then 200', async () => {
    const chatId = await group(ada, [ben]);
    const body = { messageId: ulid(), text: 'once' };
    const answers = await Promise.all(Array.from({ length: 20 }, () => ada.post(`/chats/${chatId}/messages`, body)));
    const statuses = answers.map(({ status }) => status).sort((a, b) => a - b);
    expect(statuses).toEqual([...Array(19).fill(200), 201]);
    expect(new Set(answers.map(({ body: reply }) => JSON.stringify(core(reply)))).size).toBe(1);
    expect(await eventsOf(ada, chatId)).toHaveLength(2);
  });

  test('other content or another user: message-id-reused', async () => {
    const chatId = await group(ada, [ben]);
    const messageId = ulid();
    await say(ada, chatId, 'once', { messageId });
    const path = `/chats/${chatId}/messages`;
    expect([
      codeOf(await ada.post(path, { messageId, text: 'twice' })),
      codeOf(await ben.post(path, { messageId, text: 'once' })),
      codeOf(await ada.post(path, { messageId, text: 'once', mentions: [ben.userId] })),
    ]).toEqual(Array(3).fill('409 message-id-reused'));
  });

  test('the same message id in another chat is another message', async () => {
    const [one, two] = [await group(ada, []), await group(ada, [])];
    const messageId = ulid();
    expect((await say(ada, one, 'a', { messageId })).seq).toBe(2);
    expect((await say(ada, two, 'b', { messageId })).seq).toBe(2);
  });

  test('every other command by its Idempotency-Key', async () => {
    const chatId = await group(ada, [ben]);
    const { messageId } = await say(ada, chatId, 'x');
    const message = `/chats/${chatId}/messages/${messageId}`;
    const commands: [string, (key: Record<string, string>) => ReturnType<Person['put']>][] = [
      ['rename', (key) => ada.patch(`/chats/${chatId}`, { title: 'New' }, key)],
      ['add', (key) => ada.put(`/chats/${chatId}/members/${cy.userId}`, {}, key)],
      ['role', (key) => ada.put(`/chats/${chatId}/members/${cy.userId}`, { role: 'admin' }, key)],
      ['edit', (key) => ada.patch(message, { text: 'y' }, key)],
      ['react', (key) => ben.put(`${message}/reactions/${THUMB}`, undefined, key)],
      ['unreact', (key) => ben.delete(`${message}/reactions/${THUMB}`, key)],
      ['delete', (key) => ada.delete(message, key)],
      ['remove', (key) => ada.delete(`/chats/${chatId}/members/${cy.userId}`, key)],
    ];
    const keysUsed: Record<string, string>[] = [];
    const firsts: unknown[] = [];
    for (const [name, run] of commands) {
      const key = { 'idempotency-key': ulid() };
      const first = await run(key);
      expect([name, first.status, first.body]).toMatchObject([name, 200, { changed: true }]);
      keysUsed.push(key);
      firsts.push(core(first.body as Reply));
    }
    const length = (await eventsOf(ada, chatId)).length;
    expect(length).toBe(10);
    for (const [i, [name, run]] of commands.entries()) {
      const repeat = await run(keysUsed[i] as Record<string, string>);
      expect([name, repeat.status, core(repeat.body as Reply)]).toEqual([name, 200, firsts[i]]);
    }
    expect(await eventsOf(ada, chatId)).toHaveLength(length);
  });

  test('a command id with other content, of another kind or from another user: command-id-reused', async () => {
    const chatId = await group(ada, [ben]);
    const { messageId } = await say(ada, chatId, 'x');
    const key = { 'idempotency-key': ulid() };
    await ada.patch(`/chats/${chatId}/messages/${messageId}`, { text: 'y' }, key);
    await ada.put(`/chats/${chatId}/members/${ben.userId}`, { role: 'admin' });
    expect([
      codeOf(await ada.patch(`/chats/${chatId}/messages/${messageId}`, { text: 'z' }, key)),
      codeOf(await ada.patch(`/chats/${chatId}`, { title: 'z' }, key)),
      codeOf(await ada.delete(`/chats/${chatId}/messages/${messageId}`, key)),
      codeOf(await ben.patch(`/chats/${chatId}`, { title: 'z' }, key)),
    ]).toEqual(Array(4).fill('409 command-id-reused'));
  });

  test('a known id is answered before rights are checked', async () => {
    const chatId = await group(ada, [ben]);
    const sent = { messageId: ulid(), text: 'mine' };
    const key = { 'idempotency-key': ulid() };
    const first = await ben.post(`/chats/${chatId}/messages`, sent);
    const react = await ben.put(`/chats/${chatId}/messages/${sent.messageId}/reactions/${THUMB}`, undefined, key);
    await ada.delete(`/chats/${chatId}/members/${ben.userId}`);
    const repeat = await ben.post(`/chats/${chatId}/messages`, sent);
    const reacted = await ben.put(`/chats/${chatId}/messages/${sent.messageId}/reactions/${THUMB}`, undefined, key);
    expect([repeat.status, core(repeat.body)]).toEqual([200, core(first.body)]);
    expect([reacted.status, core(reacted.body)]).toEqual([200, core(react.body)]);
    expect(codeOf(await ben.post(`/chats/${chatId}/messages`, { text: 'new' }))).toBe('404 chat-not-found');
  });

  test('an id over 2 minutes ahead is refused, one within is not', async () => {
    const chatId = await group(ada, [ben]);
    const far = ulid(Date.now() + 130_000);
    const near = ulid(Date.now() + 100_000);
    expect([
      codeOf(await ada.post(`/chats/${chatId}/messages`, { messageId: far, text: 'x' })),
      codeOf(await ada.patch(`/chats/${chatId}`, { title: 'x' }, { 'idempotency-key': far })),
      codeOf(await ada.post('/chats', { kind: 'group', chatId: far, title: 'x', members: [] })),
    ]).toEqual(Array(3).fill('422 id-from-the-future'));
    expect((await ada.post(`/chats/${chatId}/messages`, { messageId: near, text: 'x' })).status).toBe(201);
  });

  test('an id from long ago is fine', async () => {
    const chatId = await group(ada, [ben]);
    expect((await say(ada, chatId, 'x', { messageId: ulid(0) })).changed).toBe(true);
  });

  test('after kill -9 and a restart without views: repeats as at first, nothing is lost', async () => {
    const own = await startServerProcess();
    const first = await person(own, 'one');
    const chatId = await group(first, []);
    const bodies = Array.from({ length: 30 }, (_, i) => ({ messageId: ulid(), text: `m${i}` }));
    const replies = await Promise.all(bodies.map((body) => first.post(`/chats/${chatId}/messages`, body)));
    const key = { 'idempotency-key': ulid() };
    const renamed = await first.patch(`/chats/${chatId}`, { title: 'Kept' }, key);
    await own.kill();
    const { rm, readdir } = await import('node:fs/promises');
    for (const file of await readdir(own.data)) if (file.startsWith('views.db')) await rm(`${own.data}/${file}`);
    const next = await startServerProcess({ data: own.data });
    const back = asPerson(next.http, first);
    for (const [i, body] of bodies.entries()) {
      const repeat = await back.post(`/chats/${chatId}/messages`, body);
      expect([repeat.status, core(repeat.body)]).toEqual([200, core((replies[i] as { body: Reply }).body)]);
    }
    expect(core((await back.patch(`/chats/${chatId}`, { title: 'Kept' }, key)).body)).toEqual(core(renamed.body));
    expect(await eventsOf(back, chatId)).toHaveLength(32);
    expect((await summary(back, chatId, renamed.body.position)).title).toBe('Kept');
    await next.stop();
  });
});

describe('reads', () => {
  test('asOf is the fold of 1..n: every pin equals the page that was live then', async () => {
    const chatId = await group(ada, [ben]);
    const lived: Page[] = [];
    const step = async (reply: Reply): Promise<void> => {
      const page = await history(ben, chatId, `?minPosition=${encodeURIComponent(reply.position)}`);
      lived.push(page.body);
    };
    const one = await say(ada, chatId, 'one');
    await step(one);
    await step((await ben.put(`/chats/${chatId}/messages/${one.messageId}/reactions/${THUMB}`)).body);
    await step((await ada.patch(`/chats/${chatId}/messages/${one.messageId}`, { text: 'uno' })).body);
    await step((await ada.patch(`/chats/${chatId}`, { title: 'T' })).body);
    await step(await say(ben, chatId, 'two', { replyTo: one.messageId }));
    await step((await ada.delete(`/chats/${chatId}/messages/${one.messageId}`)).body);
    await step((await ada.put(`/chats/${chatId}/members/${cy.userId}`)).body);
    for (const page of lived) {
      const { position: _, ...then } = page;
      const { position: __, ...bySeq } = (await history(ben, chatId, `?asOf=${page.asOf.seq}`)).body;
      expect(bySeq).toEqual(then);
    }
    expect(lived.map(({ asOf }) => asOf.seq)).toEqual([2, 3, 4, 5, 6, 7, 8]);
  });

  test('a position of another epoch is epoch-changed, not waited for', async () => {
    const chatId = await group(ada, [ben]);
    const { position } = await say(ada, chatId, 'x');
    const other = await startServerProcess();
    const foreign = await person(other, 'foreign');
    const theirs = await foreign.get<{ position: string }>('/chats');
    await other.stop();
    const answer = await ada.get(`/chats/${chatId}/messages?minPosition=${encodeURIComponent(theirs.body.position)}`);
    // Another epoch's position cannot be waited for.
    expect(codeOf(answer)).toBe('409 epoch-changed');
    expect((await history(ada, chatId, `?minPosition=${encodeURIComponent(position)}`)).status).toBe(200);
  });
});

describe('one connection, one chat', () => {
  test('commands are decided in the order received, each push comes once and in order', async () => {
    const chatId = await group(ada, [ben]);
    const [sender, reader] = [await live(ada), await live(ben)];
    const replies = await Promise.all(
      Array.from({ length: 200 }, (_, i) => sender.request('send', { chatId, text: `${i}` })),
    );
    expect(replies.map((reply) => reply['seq'])).toEqual(Array.from({ length: 200 }, (_, i) => i + 2));
    for (const socket of [sender, reader]) {
      await socket.until((frame) => frame['ev'] === 'event' && frame['seq'] === 201);
      const seqs = socket.frames.filter((f) => f['ev'] === 'event').map((f) => f['seq']);
      expect(seqs).toEqual(Array.from({ length: 200 }, (_, i) => i + 2));
      socket.close();
    }
  });
});
