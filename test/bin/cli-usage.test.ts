import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Io } from '../../bin/cli/io.ts';
import { main } from '../../bin/cli/main.ts';
import { temporaryFolder } from '../support/server-process.ts';

const CHAT = '00000000000000000000000001';

/** The command in this process. */
async function run(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const said = { stdout: '', stderr: '' };
  const io: Io = {
    out: (text) => void (said.stdout += `${text}\n`),
    err: (text) => void (said.stderr += `${text}\n`),
    drained: async () => undefined,
  };
  return { code: await main(args, io), ...said };
}

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
