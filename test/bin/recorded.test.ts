import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChatEvent } from '../../events/chat.ts';
import { openEventLog } from '../../infra/sqlite/event-store/index.ts';
import { cliHere } from '../support/cli-here.ts';
import { temporaryFolders } from '../support/temporary-folders.ts';

const folders = temporaryFolders();
const data = folders.folder();
const day = join(folders.folder(), '2004-12-24.txt');
let sent: ChatEvent;
const NO_CHAT = '00000000000000000000000009';

const run = (...args: string[]) => cliHere([...args, '--data', data]);
const entries = async (area: string): Promise<{ actor: string; type: string; data: object }[]> => {
  const { stdout } = await run('ops', 'log', '--area', area, '--json');
  return (JSON.parse(stdout) as { entries: { actor: string; type: string; data: object }[] }).entries;
};

beforeAll(async () => {
  writeFileSync(day, '[09:14] <bob> one\n');
  expect(await run('import', 'irc', '--chat', '#test', day)).toMatchObject({ code: 0 });
  const { stdout } = await run('events', '--type', 'MessageSent', '--json');
  sent = JSON.parse(stdout) as ChatEvent;
});
afterAll(folders.remove);

describe('what is read of a chat is recorded', () => {
  const messageOf = (): string => (sent.data as { messageId: string }).messageId;

  it.each([
    [
      'blame',
      'events',
      () => ['blame', sent.chatId, messageOf()],
      () => ({ verb: 'blame', chat: sent.chatId, message: messageOf() }),
    ],
    [
      'diff',
      'events',
      () => ['diff', sent.chatId, '1', 'now'],
      () => ({ verb: 'diff', chat: sent.chatId, from: '1', to: 'now' }),
    ],
    [
      'export events',
      'export',
      () => ['export', 'events', '--format', 'csv', '--chat', sent.chatId, '--out', join(folders.folder(), 'out')],
      () => ({ export: 'events', format: 'csv', chat: sent.chatId }),
    ],
  ])('%s', async (_, area, args, filter) => {
    expect(await run(...args())).toMatchObject({ code: 0 });
    expect((await entries(area)).at(-1)).toMatchObject({
      actor: 'operator',
      type: 'EventsRead',
      data: { content: true, filter: filter() },
    });
  });

  it('but not where there was nothing to read', async () => {
    const refusal = expect.stringContaining(`there is no chat ${NO_CHAT}`);
    const before = [...(await entries('events')), ...(await entries('export'))];
    expect((await run('blame', NO_CHAT, messageOf())).code).toBe(1);
    expect(await run('events', '--chat', NO_CHAT)).toMatchObject({ code: 1, stdout: '', stderr: refusal });
    const out = join(folders.folder(), 'out');
    const exported = await run('export', 'events', '--format', 'csv', '--chat', NO_CHAT, '--out', out);
    expect(exported).toMatchObject({ code: 1, stderr: refusal });
    expect(existsSync(out)).toBe(false);
    expect((await run('diff', sent.chatId, 'now', '1')).code).toBe(2);
    expect([...(await entries('events')), ...(await entries('export'))]).toEqual(before);
  });
});

describe('what is done is recorded before and after', () => {
  it('an import', async () => {
    const all = await entries('import');
    const act = { action: 'import-irc', target: '2004-12-24.txt' };
    expect(all.at(0)?.data).toEqual({ ...act, outcome: 'asked', details: { files: 1 } });
    expect(all.at(-1)?.data).toMatchObject({ ...act, outcome: 'done', details: { lines: 1, appended: 3 } });
    expect(all.map(({ actor }) => actor)).toEqual(['operator', 'operator', 'operator']);
  });

  it('an import that was refused, with the reason', async () => {
    const file = join(folders.folder(), 'without-its-beginning.ndjson');
    writeFileSync(file, `${JSON.stringify({ ...sent, chatId: NO_CHAT })}\n`);
    expect((await run('import', 'ndjson', file, '--reason', 'moved')).code).toBe(1);
    const act = {
      action: 'import-ndjson',
      target: 'without-its-beginning.ndjson',
      reason: 'moved',
      details: { files: 1 },
    };
    expect((await entries('import')).slice(-2).map((entry) => entry.data)).toEqual([
      { ...act, outcome: 'asked' },
      { ...act, outcome: 'import-behind' },
    ]);
  });

  it('roles that are given, by the operator and not by who has them then', async () => {
    expect(await run('user', 'role', 'importer', 'user', 'ops', '--reason', 'on call')).toMatchObject({ code: 0 });
    const act = { action: 'set-roles', target: 'importer', reason: 'on call' };
    const details = { roles: ['user', 'ops'] };
    expect(await entries('users')).toMatchObject([
      { actor: 'operator', data: { ...act, outcome: 'asked', details } },
      { actor: 'operator', data: { ...act, outcome: 'done', details } },
    ]);
    const log = await openEventLog({ file: join(data, 'events.db') });
    const all = await log.readAll({ after: 0, until: await log.head(), limit: 1_000 });
    await log.close();
    expect(
      all
        .filter(({ type }) => type === 'UserRolesSet')
        .map(({ metadata }) => (JSON.parse(metadata) as { actor: string }).actor),
    ).toEqual(['operator']);
  });

  it('but not for whom there is not', async () => {
    const before = await entries('users');
    expect((await run('user', 'role', 'nobody', 'user')).code).toBe(1);
    expect(await entries('users')).toEqual(before);
  });
});
