import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, call, TEST_PASSWORD } from '../support/protocol-client.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { codeOf, eventsOf, group, history, type Person, person, type Reply, say } from './world.ts';

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

const send = (text: unknown, more: object = {}): Promise<Answer<Reply>> =>
  ada.post(`/chats/${chatId}/messages`, { text, ...more });

describe('text', () => {
  test('8,000 code points are taken, astral ones counted once; 8,001 are not', async () => {
    expect((await send('💬'.repeat(8000))).status).toBe(201);
    expect(codeOf(await send('x'.repeat(8001)))).toBe('400 bad-request');
  });

  test('is stored in NFC', async () => {
    const { seq } = (await send('e\u0301')).body;
    expect((await eventsOf(ada, chatId, `?after=${seq - 1}&limit=1`))[0]?.data['text']).toBe('\u00e9');
  });

  test('8,000 after NFC', async () => {
    expect((await send('e\u0301'.repeat(8000))).status).toBe(201);
  });

  test.each([
    ['empty', ''],
    ['U+0000', 'a\u0000b'],
    ['a lone high surrogate', 'a\ud800'],
    ['a lone low surrogate', '\udc00a'],
    ['a number', 7],
    ['nothing', undefined],
  ])('%s is a bad request', async (_, text) => {
    expect(codeOf(await send(text))).toBe('400 bad-request');
  });

  test('the limits hold for edits as well', async () => {
    const { messageId } = await say(ada, chatId, 'x');
    const edit = (text: string): Promise<Answer<Reply>> =>
      ada.patch(`/chats/${chatId}/messages/${messageId}`, { text });
    expect([codeOf(await edit('')), codeOf(await edit('x'.repeat(8001))), codeOf(await edit('\u0000'))]).toEqual(
      Array(3).fill('400 bad-request'),
    );
  });

  test('the same text in another normal form changes nothing', async () => {
    const { messageId } = await say(ada, chatId, '\u00e9');
    const edit = await ada.patch(`/chats/${chatId}/messages/${messageId}`, { text: 'e\u0301' });
    expect(edit.body.changed).toBe(false);
  });
});

describe('titles and names', () => {
  test('a title has 1 to 200 code points', async () => {
    const create = async (title: unknown): Promise<string> =>
      codeOf(await ada.post('/chats', { kind: 'group', title, members: [] }));
    expect(await create('💬'.repeat(200))).toMatch(/^201/);
    expect([await create('x'.repeat(201)), await create(''), await create(undefined)]).toEqual(
      Array(3).fill('400 bad-request'),
    );
    expect(codeOf(await ada.patch(`/chats/${chatId}`, { title: 'x'.repeat(201) }))).toBe('400 bad-request');
  });

  test('a display name has 1 to 100 code points', async () => {
    const { version } = (await ada.get<{ version: number }>('/me')).body;
    const change = (displayName: string): Promise<Answer<Reply>> => ada.patch('/me', { displayName, version });
    expect([codeOf(await change('')), codeOf(await change('x'.repeat(101)))]).toEqual(Array(2).fill('400 bad-request'));
    expect((await change('💬'.repeat(100))).status).toBe(200);
  });

  test.each([
    ['two characters', 'ab', '400'],
    ['33 characters', 'a'.repeat(33), '400'],
    ['a dash', 'a-b-c', '400'],
    ['a space', 'a b c', '400'],
    ['32 characters', 'b'.repeat(32), '201'],
    ['upper case, folded', 'UPPER_1', '201'],
    ['full width, NFKC', '\uff46\uff55\uff4c\uff4c', '201'],
    ['the folded one again', 'upper_1', '409'],
    ['the NFKC one again', 'full', '409'],
  ])('username: %s', async (_, username, status) => {
    const made = await call(server.http, '/v1/users', {
      body: { username, password: TEST_PASSWORD, displayName: 'x' },
    });
    const codes: Record<string, string> = {
      '400': '400 bad-request',
      '409': '409 username-taken',
      '201': '201 undefined',
    };
    expect(codeOf(made)).toBe(codes[status]);
    if (status === '201') expect(made.body['username']).toBe(username.normalize('NFKC').toLowerCase());
  });
});

describe('reactions', () => {
  const react = (who: Person, id: string, emoji: string): Promise<Answer<Reply>> =>
    who.put(`/chats/${chatId}/messages/${id}/reactions/${encodeURIComponent(emoji)}`);

  test('one RGI emoji, stored fully qualified', async () => {
    const { messageId, seq } = await say(ada, chatId, 'x');
    for (const emoji of ['\u2764', '👨‍👩‍👧', '🇩🇪', '👍🏽', '#️⃣'])
      expect((await react(ada, messageId, emoji)).status).toBe(200);
    const events = await eventsOf(ada, chatId, `?after=${seq}`);
    expect(events.map(({ data }) => data['emoji'])).toEqual(['\u2764\ufe0f', '👨‍👩‍👧', '🇩🇪', '👍🏽', '#️⃣']);
    expect((await react(ada, messageId, '\u2764\ufe0f')).body.changed).toBe(false);
    expect((await ada.delete(`/chats/${chatId}/messages/${messageId}/reactions/%E2%9D%A4`)).body.changed).toBe(true);
  });

  test.each(['x', '👍👍', '1', ' ', '🏽‍', 'DE', '👍 '])('%j is not one', async (emoji) => {
    const { messageId } = await say(ada, chatId, 'x');
    expect(codeOf(await react(ada, messageId, emoji))).toBe('400 bad-request');
  });

  test('at most 20 different ones on a message; those that are there may still be joined', async () => {
    const { messageId } = await say(ada, chatId, 'x');
    const emoji = Array.from({ length: 21 }, (_, i) => String.fromCodePoint(0x1f600 + i));
    for (const one of emoji.slice(0, 20)) expect((await react(ada, messageId, one)).status).toBe(200);
    expect(codeOf(await react(ada, messageId, emoji[20] as string))).toBe('400 bad-request');
    expect((await react(ben, messageId, emoji[0] as string)).body.changed).toBe(true);
    await ada.delete(`/chats/${chatId}/messages/${messageId}/reactions/${encodeURIComponent(emoji[1] as string)}`);
    expect((await react(ben, messageId, emoji[20] as string)).status).toBe(200);
    const message = (await history(ben, chatId, '?limit=1')).body.messages[0];
    expect(message?.reactions.map(({ count, mine, userIds }) => [count, mine, userIds.length])).toContainEqual([
      2,
      true,
      2,
    ]);
  });
});
