import { rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ChatEvent } from '../../events/chat.ts';
import { hindsight, hindsightJson, linesOf } from '../support/cli.ts';
import { decided } from '../support/decided.ts';
import { temporaryFolder } from '../support/server-process.ts';

const DAYS: Record<string, string> = {
  '2004-12-24.txt': '=== Topic\n[09:14] <bob> one\n[09:14] <amy> two\nnonsense\n',
  '2004-12-25.txt': '[10:00] <bob> three\n=== amy [h] has quit [x]\n',
};

interface Report {
  chatId: string;
  lines: number;
  appended: number;
  already: number;
  unreadable: { file: string; line: number; why: string }[];
}

const data = temporaryFolder();
const logs = temporaryFolder();
const paths = Object.keys(DAYS).map((name) => join(logs, name));
let chatId: string;
let events: ChatEvent[];

beforeAll(async () => {
  for (const path of paths) writeFileSync(path, DAYS[path.slice(logs.length + 1)] ?? '');
  const made = await hindsight(['user', 'create', 'ada', '--password-stdin', '--role', 'ops', '--json'], {
    data,
    stdin: 'correct horse battery\n',
  });
  expect(JSON.parse(made.stdout)).toMatchObject({ username: 'ada', displayName: 'ada', roles: ['user', 'ops'] });
  // The younger day first: files are taken in the order of their dates.
  const report = await hindsightJson<Report>(
    ['import', 'irc', '--chat', '#test', '--member', 'ada', ...paths.toReversed()],
    { data },
  );
  chatId = report.chatId;
  expect(report).toMatchObject({
    lines: 6,
    appended: 7,
    already: 0,
    unreadable: [{ file: '2004-12-24.txt', line: 4 }],
  });
  events = linesOf((await hindsight(['events', '--json'], { data })).stdout).map(
    (line) => JSON.parse(line) as ChatEvent,
  );
});

describe('import irc', () => {
  it('appends nothing the second time', async () => {
    const args = ['import', 'irc', '--chat', '#test', ...paths];
    expect(await hindsightJson(args, { data })).toMatchObject({ chatId, lines: 6, appended: 0, already: 7 });
  });

  it('takes the user importer where no member is named', async () => {
    const other = await hindsightJson<Report>(['import', 'irc', '--chat', 'other', ...paths.slice(0, 1)], { data });
    const [start] = linesOf((await hindsight(['events', '--json', '--chat', other.chatId], { data })).stdout);
    const again = await hindsightJson<Report>(['import', 'irc', '--chat', 'another', ...paths.slice(0, 1)], { data });
    const [another] = linesOf((await hindsight(['events', '--json', '--chat', again.chatId], { data })).stdout);
    const membersOf = (line = '{}') => (JSON.parse(line) as { data: unknown }).data;
    expect(membersOf(start)).toMatchObject({ members: [{ role: 'admin' }], title: 'other' });
    expect(membersOf(another)).toMatchObject({ members: (membersOf(start) as { members: unknown }).members });
  });

  it.each([
    ['a member that there is not', 1, ['--member', 'nobody']],
    ['a file without a date', 2, ['ubuntu.txt']],
    ['two files of one name', 2, ['elsewhere/2004-12-24.txt']],
    ['a file that is not there', 1, ['2004-01-01.txt']],
  ])('refuses %s', async (_, code, more) => {
    const refused = await hindsight(['import', 'irc', '--chat', '#test', ...paths, ...more, '--json'], { data });
    expect(refused.code).toBe(code);
    expect(JSON.parse(refused.stdout)).toEqual({ error: { code: expect.any(String), message: expect.any(String) } });
  });
});

describe('events', () => {
  it('come in the shape of the contract, in order', () => {
    expect(events.map(({ seq, type }) => `${seq} ${type}`)).toEqual([
      '1 ChatStarted',
      '2 MemberAdded',
      '3 MessageSent',
      '4 MemberAdded',
      '5 MessageSent',
      '6 MessageSent',
      '7 MemberRemoved',
    ]);
    expect(Object.keys(events[2] ?? {}).toSorted()).toEqual([
      'actor',
      'at',
      'chatId',
      'commandId',
      'correlationId',
      'data',
      'eventId',
      'position',
      'recordedAt',
      'seq',
      'type',
      'v',
    ]);
  });

  it.each<[string, () => string[], number[]]>([
    ['type', () => ['--type', 'MemberAdded,MemberRemoved'], [2, 4, 7]],
    [
      'time, both ends included',
      () => ['--from', '2004-12-24T09:14:00.002Z', '--to', '2004-12-24T09:14:00.004Z'],
      [3, 4, 5],
    ],
    ['actor and type together', () => ['--actor', events[2]?.actor ?? '', '--type', 'MessageSent'], [3, 6]],
    ['place in the log', () => ['--after', events[4]?.position ?? '', '--until', events[5]?.position ?? ''], [6]],
  ])('are filtered by %s', async (_, filter, seqs) => {
    const { code, stdout } = await hindsight(['events', '--json', '--chat', chatId, ...filter()], { data });
    expect(code).toBe(0);
    expect(linesOf(stdout).map((line) => (JSON.parse(line) as ChatEvent).seq)).toEqual(seqs);
  });

  it('go into another log, event for event', async () => {
    const file = join(logs, 'all.ndjson');
    const elsewhere = temporaryFolder();
    writeFileSync(file, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    expect(await hindsightJson(['import', 'ndjson', file], { data: elsewhere })).toMatchObject({
      chatId,
      appended: 7,
      already: 0,
    });
    expect(await hindsightJson(['import', 'ndjson', file], { data: elsewhere })).toMatchObject({
      appended: 0,
      already: 7,
    });
    const there = linesOf((await hindsight(['events', '--json'], { data: elsewhere })).stdout);
    expect(decided(there.map((line) => JSON.parse(line) as ChatEvent))).toEqual(decided(events));
  });
});

describe('one chat', () => {
  it('is played from a point to a point', async () => {
    const { stdout } = await hindsight(
      ['replay', chatId, '--from', '2004-12-24T09:14:00.002Z', '--to', '6', '--json'],
      { data },
    );
    expect(linesOf(stdout).map((line) => (JSON.parse(line) as ChatEvent).seq)).toEqual([4, 5, 6]);
    const words = await hindsight(['replay', chatId, '--from', '5', '--to', 'now'], { data });
    expect(words.stdout).toContain('three');
  });

  it('has a net change between two points', async () => {
    expect(await hindsightJson(['diff', chatId, '3', 'now'], { data })).toMatchObject({
      from: { seq: 3 },
      to: { seq: 7, at: events[6]?.at },
      added: [{ text: 'two' }, { text: 'three' }],
      members: { added: [], removed: [], roles: [] },
      title: null,
    });
    const beyond = await hindsight(['diff', chatId, '0', '99', '--json'], { data });
    expect([beyond.code, JSON.parse(beyond.stdout)]).toEqual([
      1,
      { error: { code: 'as-of-unknown', message: expect.any(String) } },
    ]);
  });

  it('says who wrote a message', async () => {
    const sent = events[2];
    const messageId = sent?.type === 'MessageSent' ? sent.data.messageId : '';
    expect(await hindsightJson(['blame', chatId, messageId], { data })).toEqual({
      chatId,
      messageId,
      changes: [
        {
          rev: 1,
          seq: 3,
          at: sent?.at,
          actor: sent?.actor,
          type: 'MessageSent',
          text: 'one',
          textBefore: null,
          emoji: null,
          reactions: 0,
          reactionsBefore: 0,
        },
      ],
    });
    expect((await hindsight(['blame', chatId, chatId], { data })).code).toBe(1);
  });
});

describe('operators', () => {
  it('find what was imported in the log of operations', async () => {
    const { entries } = await hindsightJson<{
      entries: { area: string; data: { target: string; details: { file: string } } }[];
    }>(['ops', 'log', '--area', 'import'], { data });
    const files = entries.filter((entry) => entry.data.target === chatId).map((entry) => entry.data.details.file);
    expect(files).toEqual(Object.keys(DAYS));
    const all = await hindsightJson<{ entries: { area: string }[] }>(['ops', 'log'], { data });
    expect(all.entries.filter(({ area }) => area === 'import')).toEqual(entries);
  });

  it('build, compare and pause views without a server, and it is recorded', async () => {
    expect(await hindsightJson(['projections', 'rebuild', 'all'], { data })).toMatchObject({
      name: 'all',
      state: 'done',
    });
    const verified = await hindsightJson<{ rows: number }>(['projections', 'verify', 'chat-history'], { data });
    expect(verified).toMatchObject({ name: 'chat-history', differences: [] });
    expect(verified.rows).toBeGreaterThan(0);
    await hindsight(['projections', 'pause', 'users'], { data });
    const { projections } = await hindsightJson<{ projections: { name: string; state: string }[] }>(
      ['projections', 'list'],
      { data },
    );
    expect(projections.find(({ name }) => name === 'users')?.state).toBe('paused');
    await hindsight(['projections', 'resume', 'users'], { data });
    expect((await hindsight(['projections', 'verify', 'nonsense'], { data })).code).toBe(2);
    const { stdout } = await hindsight(['ops', 'log', '--area', 'projections'], { data });
    expect(linesOf(stdout).map((line) => line.split(' ').slice(4, 7).join(' '))).toEqual([
      'rebuild all asked',
      'rebuild all accepted',
      'rebuild all done',
      'verify chat-history asked',
      'verify chat-history accepted',
      'verify chat-history done',
      'pause users asked',
      'pause users accepted',
      'resume users asked',
      'resume users accepted',
    ]);
  });

  it('find nothing wrong, or exactly what is', async () => {
    const found = await hindsightJson<{ ok: boolean; checks: { name: string; state: string; facts?: object }[] }>(
      ['doctor', '--port', '0', '--gateway-port', '0'],
      { data },
    );
    expect(found.ok).toBe(true);
    expect(found.checks.map(({ name }) => name)).toEqual([
      'node',
      'sqlite',
      'sockets',
      'settings',
      'data folder',
      'disk',
      'key',
      'server',
      'ports',
      'log',
      'events',
      'views',
    ]);
    expect(statSync(join(data, 'keys', 'access-token.pem')).mode & 0o777).toBe(0o600);
    const damaged = temporaryFolder();
    writeFileSync(join(damaged, 'events.db'), 'this is no database, and was one yesterday'.repeat(500));
    const wrong = await hindsight(['doctor', '--json', '--port', '0', '--gateway-port', '0'], { data: damaged });
    expect(wrong.code).toBe(1);
    expect(JSON.parse(wrong.stdout)).toMatchObject({
      ok: false,
      checks: expect.arrayContaining([expect.objectContaining({ name: 'log', state: 'wrong' })]),
    });
    rmSync(damaged, { recursive: true });
  });
});

describe('users', () => {
  it('are made with a password, once', async () => {
    const again = await hindsight(['user', 'create', 'ada', '--password-stdin', '--json'], {
      data,
      stdin: 'correct horse battery',
    });
    expect([again.code, (JSON.parse(again.stdout) as { error: { code: string } }).error.code]).toEqual([
      1,
      'username-taken',
    ]);
    const { stdout } = await hindsight(['ops', 'log', '--area', 'users'], { data });
    expect(linesOf(stdout).map((line) => line.split(' ').slice(2, 7).join(' '))).toEqual(
      ['asked', 'done', 'asked', 'username-taken'].map((outcome) => `operator OperatorActed create ada ${outcome}`),
    );
    const weak = await hindsight(['user', 'create', 'eve', '--password-stdin', '--json'], { data, stdin: 'short' });
    expect([weak.code, (JSON.parse(weak.stdout) as { error: { code: string } }).error.code]).toEqual([
      1,
      'bad-request',
    ]);
  });

  it('have the roles they were given last', async () => {
    expect(await hindsightJson(['user', 'role', 'ada', 'user', 'analyst:content'], { data })).toMatchObject({
      username: 'ada',
      roles: ['user', 'analyst:content'],
    });
    expect((await hindsight(['user', 'role', 'nobody', 'user'], { data })).code).toBe(1);
  });
});
