import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../bin/package-root.ts';
import type { ChatEvent } from '../../events/chat.ts';
import { hindsight, hindsightJson, linesOf } from '../support/cli.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/server-process.ts';

const PASSWORD = 'correct horse battery';
const DAY = '2004-12-25.txt';
const TEXT = '[09:14] <bob> one\n[09:15] <amy> two\n';

let server: ServerProcess;
let token: string;
let chatId: string;

beforeAll(async () => {
  server = await startServerProcess();
  const { data } = server;
  await hindsight(['user', 'create', 'ada', '--password-stdin'], { data, stdin: PASSWORD });
  const session = await fetch(`${server.http}/v1/sessions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'ada', password: PASSWORD }),
  });
  token = ((await session.json()) as { accessToken: string }).accessToken;
  const day = join(temporaryFolder(), DAY);
  writeFileSync(day, TEXT);
  chatId = (
    await hindsightJson<{ chatId: string }>(['import', 'irc', '--chat', '#test', '--member', 'ada', day], { data })
  ).chatId;
});
afterAll(() => server.stop());

const messages = async (): Promise<{ text: string }[]> => {
  const response = await fetch(`${server.http}/v1/chats/${chatId}/messages?asOf=5`, {
    headers: { authorization: `Bearer ${token}` },
  });
  return ((await response.json()) as { messages: { text: string }[] }).messages;
};

it('what is imported is what the server shows', async () => {
  expect((await messages()).map(({ text }) => text)).toEqual(['one', 'two']);
});

it('views are listed, compared, rebuilt and paused through the server', async () => {
  const { data } = server;
  const { projections } = await hindsightJson<{ projections: { name: string }[] }>(['projections', 'list'], { data });
  expect(projections.length).toBeGreaterThanOrEqual(4);
  const verified = await hindsightJson<{ views: { name: string; rows: number }[] }>(['projections', 'verify', 'all'], {
    data,
  });
  expect(verified).toMatchObject({ name: 'all', differences: [] });
  expect(verified.views.map(({ name }) => name)).toEqual(projections.map(({ name }) => name));
  expect(await hindsightJson(['projections', 'rebuild', 'chat-history'], { data })).toMatchObject({ state: 'done' });
  expect(await hindsightJson(['projections', 'pause', 'users'], { data })).toMatchObject({
    name: 'users',
    state: 'paused',
  });
  expect(await hindsightJson(['projections', 'resume', 'all'], { data })).toMatchObject({
    projections: expect.any(Array),
  });
  expect((await messages()).map(({ text }) => text)).toEqual(['one', 'two']);
  const { entries } = await hindsightJson<{ entries: { data: { action: string } }[] }>(
    ['ops', 'log', '--area', 'projections'],
    { data },
  );
  expect(entries.map((entry) => entry.data.action)).toEqual(
    expect.arrayContaining(['rebuild', 'verify', 'pause', 'resume']),
  );
});

it('a backup is taken, and a restore refused', async () => {
  const { data } = server;
  const out = join(temporaryFolder(), 'backup');
  await hindsightJson(['backup', '--out', out], { data });
  const refused = await hindsight(['restore', '--from', out, '--json'], { data });
  expect(refused.code).toBe(1);
  expect(refused.stdout).toContain(`pid ${server.pid}`);
});

it('the doctor finds the server', async () => {
  const { ok, checks } = await hindsightJson<{ ok: boolean; checks: { name: string; facts?: { pid?: number } }[] }>(
    ['doctor'],
    {
      data: server.data,
    },
  );
  expect(ok).toBe(true);
  expect(checks.find(({ name }) => name === 'server')?.facts?.pid).toBe(server.pid);
});

it('events are followed as they come, until an interrupt', async () => {
  const child = spawn(
    process.execPath,
    [join(PACKAGE_ROOT, 'bin', 'hindsight.mjs'), 'events', '--json', '--follow', '--type', 'MessageSent'],
    {
      cwd: PACKAGE_ROOT,
      env: { ...process.env, HINDSIGHT_DATA: server.data },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let stdout = '';
  const seen = (count: number): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (linesOf(stdout).length >= count && stdout.endsWith('\n')) resolve();
      };
      child.stdout.on('data', look);
      look();
    });
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  await seen(2);
  await fetch(`${server.http}/v1/chats/${chatId}/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ text: 'live' }),
  });
  await seen(3);
  child.kill('SIGINT');
  expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0);
  expect(linesOf(stdout).map((line) => ((JSON.parse(line) as ChatEvent).data as { text: string }).text)).toEqual([
    'one',
    'two',
    'live',
  ]);
});
