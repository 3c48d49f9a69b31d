import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signIn, TEST_PASSWORD } from '../support/protocol-client.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/server-process.ts';
import {
  asPerson,
  type ChatEvent,
  codeOf,
  eventsOf,
  group,
  hindsight,
  hindsightJson,
  history,
  type Person,
  person,
  say,
  staff,
} from './world.ts';

let server: ServerProcess;
let ada: Person;
let ben: Person;
beforeAll(async () => {
  server = await startServerProcess();
  [ada, ben] = await Promise.all([person(server, 'ada'), person(server, 'ben')]);
});
afterAll(() => server?.stop());

const lines = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('verbs', () => {
  test('exit 2 for wrong usage, 1 for failed, 0 for done; one JSON document', async () => {
    const codes = async (...args: string[]): Promise<number | null> => (await hindsight(server.data, args)).code;
    expect([
      await codes('nonsense'),
      await codes('replay'),
      await codes('user', 'create'),
      await codes('version', '--nonsense'),
    ]).toEqual([2, 2, 2, 2]);
    expect(await codes('user', 'role', 'nobody.here', 'ops')).toBe(1);
    for (const verb of [['version'], ['doctor'], ['config', 'check'], ['projections', 'list'], ['ops', 'log']]) {
      const run = await hindsight(server.data, [...verb, '--json']);
      expect([verb, run.code, typeof JSON.parse(run.stdout)]).toEqual([verb, 0, 'object']);
    }
  });

  test('user create and user role, beside the running server', async () => {
    const made = await hindsightJson<Record<string, unknown>>(
      server.data,
      ['user', 'create', 'cli.user', '--password-stdin'],
      TEST_PASSWORD,
    );
    expect(made['userId']).toEqual(expect.any(String));
    expect((await signIn(server.http, 'cli.user')).userId).toBe(made['userId']);
    expect(
      (await hindsight(server.data, ['user', 'create', 'cli.user', '--password-stdin'], { input: TEST_PASSWORD })).code,
    ).toBe(1);
    expect(codeOf(await asPerson(server.http, await signIn(server.http, 'cli.user')).get('/events'))).toBe(
      '403 forbidden',
    );
    await hindsightJson(server.data, ['user', 'role', 'cli.user', 'analyst']);
    const answer = await fetch(`${server.http}/v1/events?type=None`, {
      headers: { authorization: `Bearer ${(await signIn(server.http, 'cli.user')).accessToken}` },
    });
    expect(answer.status).not.toBe(403);
    await answer.body?.cancel();
  });

  test('events and replay print NDJSON in the shape of §2', async () => {
    const chatId = await group(ada, [ben]);
    await say(ada, chatId, 'a');
    await say(ben, chatId, 'b');
    const expected = await eventsOf(ada, chatId);
    const events = await hindsight(server.data, ['events', '--json', '--chat', chatId]);
    expect(lines(events.stdout).filter((line) => !('end' in line))).toEqual(expected);
    const filtered = await hindsight(server.data, [
      'events',
      '--json',
      '--chat',
      chatId,
      '--type',
      'MessageSent',
      '--actor',
      ben.userId,
    ]);
    expect(lines(filtered.stdout).filter((line) => !('end' in line))).toEqual([expected[2]]);
    const after = await hindsight(server.data, [
      'events',
      '--json',
      '--chat',
      chatId,
      '--after',
      expected[1]?.position ?? '',
    ]);
    expect(lines(after.stdout).filter((line) => !('end' in line))).toEqual([expected[2]]);
    const replay = await hindsight(server.data, ['replay', chatId, '--from', '1', '--to', '3', '--json']);
    expect([replay.code, lines(replay.stdout)]).toEqual([0, expected.slice(1)]);
  });

  test('projections: verify finds nothing, rebuild too; a paused view answers behind', async () => {
    const chatId = await group(ada, [ben]);
    await say(ada, chatId, 'before');
    const verify = await hindsightJson<{ differences: unknown[]; rows: number }>(server.data, [
      'projections',
      'verify',
      'all',
    ]);
    expect(verify.differences).toEqual([]);
    expect((await hindsight(server.data, ['projections', 'rebuild', 'chat-history', '--json'])).code).toBe(0);
    expect((await history(ada, chatId)).body.messages).toHaveLength(1);
    await hindsightJson(server.data, ['projections', 'pause', 'chat-history']);
    const { position } = await say(ada, chatId, 'while paused');
    const asked = performance.now();
    const answer = await history(ada, chatId, `?minPosition=${encodeURIComponent(position)}`);
    expect([codeOf(answer), answer.headers.get('retry-after')]).toEqual(['503 behind', expect.any(String)]);
    expect(performance.now() - asked).toBeGreaterThan(1500);
    expect(performance.now() - asked).toBeLessThan(5000);
    await hindsightJson(server.data, ['projections', 'resume', 'chat-history']);
    expect((await history(ada, chatId)).body.messages).toHaveLength(2);
  });

  test('query and replay, of the log itself', async () => {
    const chatId = await group(ada, [ben]);
    await say(ada, chatId, 'asked in SQL');
    const { rows } = await hindsightJson<{ rows: unknown[] }>(server.data, [
      'query',
      `SELECT text, sender_id FROM messages_at('now') WHERE chat_id = '${chatId}'`,
    ]);
    expect(rows).toEqual([{ text: 'asked in SQL', sender_id: ada.userId }]);
    const expected = await eventsOf(ada, chatId);
    const played = await hindsight(server.data, ['replay', '--chat', chatId, '--json']);
    expect(lines(played.stdout)).toEqual(expected);
  });

  test('diff and blame', async () => {
    const chatId = await group(ada, [ben]);
    const { messageId } = await say(ada, chatId, 'a');
    await ada.patch(`/chats/${chatId}/messages/${messageId}`, { text: 'b' });
    const diff = await hindsightJson<Record<string, unknown>>(server.data, ['diff', chatId, '2', '3']);
    expect(diff).toMatchObject({ edited: [{ messageId, before: 'a', after: 'b' }], added: [], title: null });
    expect(JSON.stringify(await hindsightJson(server.data, ['blame', chatId, messageId]))).toContain('"a"');
  });
});

describe('GET /events', () => {
  const read = async (who: Person, query: string): Promise<string> =>
    (
      await fetch(`${server.http}/v1/events?${query}`, { headers: { authorization: `Bearer ${who.accessToken}` } })
    ).text();

  test('needs the role; a closed range ends with its count and sha256; words withheld but for analyst:content', async () => {
    const chatId = await group(ada, [ben]);
    const { position: last } = await say(ada, chatId, 'the words');
    const until = `until=${encodeURIComponent(last)}`;
    expect(codeOf(await ada.get('/events'))).toBe('403 forbidden');
    const [plain, content] = [
      await staff(server, 'ana', ['analyst']),
      await staff(server, 'con', ['analyst', 'analyst:content']),
    ];
    const text = await read(plain, `chatId=${chatId}&type=MessageSent,ChatStarted&${until}`);
    const got = lines(text) as unknown as ChatEvent[];
    expect(got.slice(0, -1).map(({ type }) => type)).toEqual(['ChatStarted', 'MessageSent']);
    expect(got[1]?.data).toMatchObject({ text: '', withheld: 'hidden' });
    const body = text.slice(0, text.trimEnd().lastIndexOf('\n') + 1);
    expect(got.at(-1)).toEqual({
      end: true,
      position: expect.any(String),
      count: 2,
      sha256: createHash('sha256').update(body).digest('hex'),
    });
    const words = lines(await read(content, `chatId=${chatId}&type=MessageSent&${until}`)) as unknown as ChatEvent[];
    expect(words[0]?.data['text']).toBe('the words');
    const log = await hindsight(server.data, ['ops', 'log', '--json']);
    expect(log.stdout).toContain(content.userId);
    const [first] = words;
    const after = lines(
      await read(content, `chatId=${chatId}&after=${encodeURIComponent(first?.position ?? '')}&${until}`),
    );
    expect(after).toHaveLength(1);
  });
});

test('import irc: counted, repeatable, and the chat stands as the log says', async () => {
  const folder = temporaryFolder();
  const file = join(folder, '2004-12-25.log');
  const log = [
    '=== ann [a@b] has joined #c',
    '[23:58] <ann> hello',
    '',
    '[23:59] * ann waves',
    'garbage',
    '[00:01] <bob_> hi  there ',
    '=== ann is now known as ann2',
    '=== bob_ [x] has quit [bye]',
  ];
  writeFileSync(
    file,
    Buffer.concat([
      Buffer.from(`${log.join('\n')}\n`),
      Buffer.from([
        0x5b, 0x30, 0x30, 0x3a, 0x30, 0x32, 0x5d, 0x20, 0x3c, 0x61, 0x6e, 0x6e, 0x32, 0x3e, 0x20, 0xe9, 0x0a,
      ]),
    ]),
  );
  type Report = { chatId: string; lines: number; appended: number; already: number; unreadable: object[] };
  const args = ['import', 'irc', '--chat', '#c', '--member', ada.username, file];
  const first = await hindsightJson<Report>(server.data, args);
  expect(first).toMatchObject({
    lines: 8,
    already: 0,
    unreadable: [{ file: '2004-12-25.log', line: 5, why: expect.any(String) }],
  });
  const second = await hindsightJson<Report>(server.data, args);
  expect(second).toMatchObject({ chatId: first.chatId, appended: 0 });
  const events = await eventsOf(ada, first.chatId);
  expect(
    events.map(({ type, at, data }) => `${at} ${type}${typeof data['text'] === 'string' ? ` ${data['text']}` : ''}`),
  ).toEqual([
    '2004-12-25T00:00:00.000Z ChatStarted',
    '2004-12-25T00:00:00.001Z MemberAdded',
    '2004-12-25T23:58:00.000Z MessageSent hello',
    '2004-12-25T23:59:00.000Z MessageSent /me waves',
    '2004-12-26T00:01:00.000Z MemberAdded',
    '2004-12-26T00:01:00.001Z MessageSent hi  there',
    '2004-12-26T00:01:00.002Z MemberAdded',
    '2004-12-26T00:01:00.003Z MemberRemoved',
    '2004-12-26T00:01:00.004Z MemberRemoved',
    '2004-12-26T00:02:00.000Z MessageSent é',
  ]);
  const socket = await ada.socket();
  await socket.request('replay', { chatId: first.chatId, from: 0, to: 10, speed: 1, maxGapMs: 5 });
  expect(await socket.until((f) => f['ev'] === 'replay-end')).toMatchObject({ reason: 'end' });
  await say(ada, first.chatId, 'live');
  writeFileSync(join(folder, '2004-12-27.log'), '[10:00] <ann2> late\n');
  const late = await hindsight(server.data, [...args.slice(0, -1), join(folder, '2004-12-27.log'), '--json']);
  expect([late.code, late.stdout]).toEqual([1, expect.stringContaining('import-behind')]);
});
