import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { REASON_MAX_LENGTH } from '../../gateway/http/ops/port.ts';
import { cliHere as run } from '../support/cli-here.ts';
import { temporaryFolder } from '../support/server-process.ts';

const CHAT = '00000000000000000000000001';

describe('wrong usage', () => {
  const anywhere = join(temporaryFolder(), 'none');

  it.each([
    ['an unknown verb', ['nonsense']],
    ['an unknown option', ['events', '--nonsense']],
    ['a missing argument', ['diff', CHAT]],
    ['a missing option', ['import', 'irc', '2004-12-25.txt']],
    ['a chat id that is none', ['blame', 'nonsense', CHAT]],
    ['a time that is none', ['events', '--from', 'yesterday']],
    ['a time without a zone', ['events', '--from', '2004-12-25T09:14']],
    ['a type that is none', ['events', '--type', 'MessageSend']],
    ['a position that is none', ['events', '--after', '?']],
    ['events from after their end', ['events', '--from', '2026-01-02Z', '--to', '2026-01-01Z']],
    [
      'an export from after its end',
      ['export', 'events', '--format', 'csv', '--out', 'x', '--from', '2026-01-02Z', '--to', '2026-01-01Z'],
    ],
    ['a replay from after its end', ['replay', '--from', '2026-01-02Z', '--to', '2026-01-01Z']],
    ['a replay of a chat from after its end', ['replay', CHAT, '--from', '7', '--to', '6']],
    ['acts from after their end', ['ops', 'log', '--from', '2026-01-02Z', '--to', '2026-01-01Z']],
    ['a range that cannot be followed', ['events', '--follow', '--until', 'abc-1']],
    ['a speed that is none', ['replay', CHAT, '--from', '0', '--to', 'now', '--speed', 'fast']],
    ['a role that is none', ['user', 'role', 'ann', 'king']],
    ['an area that is none', ['ops', 'log', '--area', '../x']],
    ['a setting that cannot be', ['config', 'check', '--port', '70000']],
    ['a share that is none', ['projections', 'rebuild', 'users', '--share', '2']],
    ['a rate that is none', ['projections', 'rebuild', 'users', '--rate', 'fast']],
    ['a chat that is none', ['projections', 'repair', 'my-chat']],
    ['an export without a format', ['export', 'events', '--out', 'x']],
    [
      'an export of words that are withheld',
      ['export', 'events', '--format', 'csv', '--out', 'x', '--text', 'a', '--without-content'],
    ],
  ])('exits 2 on %s, and says why on standard error', async (_, args) => {
    const { code, stdout, stderr } = await run([...args, '--data', anywhere]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).not.toBe('');
    expect(stderr).not.toMatch(/\n {4}at /); // a stack is for faults of the program
    expect(existsSync(anywhere)).toBe(false);
  });

  it.each([
    ['of ours', ['events', '--from', 'yesterday', '--json']],
    ['of the parser', ['events', '--nonsense', '--json']],
  ])('%s is one JSON document where that is asked for', async (_, args) => {
    const { code, stdout } = await run(args);
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toEqual({ error: { code: 'bad-request', message: expect.any(String) } });
  });
});

describe('a refusal says what is wrong', () => {
  const long = 'x'.repeat(REASON_MAX_LENGTH + 1);
  const reason = `--reason takes 1 to ${REASON_MAX_LENGTH} characters`;
  const other = '00000000000000000000000002';
  const log = temporaryFolder();

  it.each([
    ['a reason that is too long', ['projections', 'rebuild', 'all', '--reason', long], reason],
    ['one that is empty', ['parked', 'skip', CHAT, '--reason', ''], reason],
    ['one of a backup', ['backup', '--out', 'unused-backup', '--reason', long], reason],
    ['two chats', ['replay', CHAT, '--chat', other], `two chats are named: ${CHAT}, and ${other} by --chat`],
    ['no folder for an export', ['export', 'events', '--format', 'csv', '--out', ''], '--out takes a folder'],
    ['no folder for a backup', ['backup', '--out', ''], '--out takes a folder'],
    ['a query that is none', ['query', ' '], 'there is no query'],
    ['a verb of backup that is none', ['backup', 'nope'], "unknown command 'nope'"],
    ['the same with what `take` needs', ['backup', 'nope', '--out', 'x'], "unknown command 'nope'"],
  ])('%s', async (_, args, words) => {
    const { code, stdout, stderr } = await run([...args, '--data', log]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(words);
    expect(readdirSync(log)).toEqual([]);
  });

  it('and a reason that is just short enough is none', async () => {
    const reason = 'x'.repeat(REASON_MAX_LENGTH);
    const { code, stderr } = await run(['projections', 'rebuild', 'all', '--reason', reason, '--data', log]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('there is no log')]);
  });
});

describe('a data folder without a log', () => {
  it.each([
    [['events']],
    [['ops', 'log']],
    [['replay', CHAT, '--from', '0', '--to', 'now']],
    [['diff', CHAT, '0', 'now']],
    [['blame', CHAT, CHAT]],
    [['projections', 'list']],
    [['backup', '--out', 'unused-backup']],
  ])('is not made one by %j, which fails', async (args) => {
    const data = join(temporaryFolder(), 'none');
    const { code, stdout, stderr } = await run([...args, '--json', '--data', data]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual({ error: { code: 'not-found', message: expect.stringContaining(data) } });
    expect(stderr).toContain('there is no log');
    expect(existsSync(data)).toBe(false);
  });
});
