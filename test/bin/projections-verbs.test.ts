import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { dataFolder } from '../../bin/data-folder.ts';
import { writeAddresses } from '../../bin/server/addresses.ts';
import type { Comparison, ProjectionJob, ProjectionState } from '../../gateway/http/ops/port.ts';
import { acquireServerLock, openSqliteEventStore } from '../../infra/sqlite/event-store/index.ts';
import { cliHere } from '../support/cli-here.ts';
import { temporaryFolders } from '../support/temporary-folders.ts';

/** What the verbs make of a server's answers, whatever those are. */
const folders = temporaryFolders();
const data = folders.folder();
const answers = new Map<string, { status: number; body: object }>();
let server: Server;
let unlock: () => void;

beforeAll(async () => {
  const folder = dataFolder(data);
  await (await openSqliteEventStore({ file: folder.events })).close();
  unlock = await acquireServerLock(folder.root);
  server = createServer((request, response) => {
    const { status, body } = answers.get(request.url?.replace('/v1/ops/', '') ?? '') ?? { status: 500, body: {} };
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  writeAddresses(folder, { http: `http://127.0.0.1:${port}`, gateway: 'ws://127.0.0.1:2', pid: process.pid });
});
afterEach(() => answers.clear());
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  unlock();
  folders.remove();
});

const run = (...args: string[]) => cliHere(['projections', ...args, '--data', data]);
const answer = (path: string, body: object, status = 200): void => void answers.set(path, { status, body });
const refuse = (path: string, detail: string): void => answer(path, { code: 'version-conflict', detail }, 409);
const viewNamed = (name: string, previous: number | null = null): ProjectionState => ({
  name,
  state: 'live',
  position: '0-0',
  lagEvents: 0,
  lagSeconds: 0,
  progress: null,
  etaS: null,
  generations: { live: 2, building: null, previous },
});
const views = (...projections: ProjectionState[]): void => answer('projections', { projections });
const jobOf = (over: Partial<ProjectionJob>): ProjectionJob => ({
  jobId: 'j1',
  name: 'users',
  action: 'verify',
  state: 'done',
  phase: null,
  progress: 1,
  etaS: null,
  eventsPerSecond: null,
  lagEvents: null,
  lagSeconds: null,
  startedAt: '2026-01-01T00:00:00Z',
  endedAt: null,
  actor: null,
  reason: null,
  result: null,
  error: null,
  ...over,
});
const DIFFERENT: Comparison = {
  rows: 90,
  sample: 1,
  differencesFound: 25,
  differences: Array.from({ length: 25 }, (_, index) => ({ chatId: 'c', seq: index + 1, what: 'missing' })),
};

describe('verify', () => {
  it('fails where nothing is known of what was compared', async () => {
    views(viewNamed('users'));
    answer('projections/users/verify', jobOf({}));
    const { code, stdout, stderr } = await run('verify', 'users');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('verify of users ended, and there is nothing of what it compared');
  });

  it('of all says what it found before it failed', async () => {
    views(viewNamed('users'), viewNamed('members'));
    answer('projections/users/verify', jobOf({ result: DIFFERENT }));
    answer('projections/members/verify', jobOf({ name: 'members', state: 'cancelled' }));
    const { code, stdout, stderr } = await run('verify', 'all', '--json');
    expect(code).toBe(1);
    expect(stderr).toMatch(/verify of members was cancelled\nusers: 90 rows, 25 differences\n {2}c 1: missing\n/);
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: 'cancelled', job: { name: 'members' }, views: [{ name: 'users', differencesFound: 25 }] },
    });
  });
});

describe('a rebuild that differs from the log', () => {
  it('shows where, and all of it as JSON', async () => {
    views(viewNamed('users'));
    const job = jobOf({ action: 'rebuild', state: 'failed', error: 'it differs', result: DIFFERENT });
    answer('projections/users/rebuild', job);
    const text = await run('rebuild', 'users');
    expect(text.code).toBe(1);
    expect(text.stderr).toMatch(/rebuild of users failed: it differs\n {2}c 1: missing\n/);
    expect(text.stderr).toContain('  … and 5 more: see --json\n');
    const { error } = JSON.parse((await run('rebuild', 'users', '--json')).stdout) as { error: object };
    expect(error).toEqual({ code: 'failed', message: expect.any(String), job });
  });
});

describe('cancel', () => {
  it.each([
    ['cancelled', 0, 'users: the rebuild is cancelled'],
    ['running', 1, 'users: the rebuild is to end, and has not yet: job j1'],
    ['done', 1, 'users: the rebuild had ended before it could be cancelled: done'],
  ] as const)('of one that is then %s', async (state, code, words) => {
    views(viewNamed('users'));
    answer('projections/users/cancel', jobOf({ action: 'rebuild', state }));
    expect(await run('cancel', 'users')).toMatchObject({ code, stdout: `${words}\n` });
  });

  it('of all goes on after a refusal, which it shows', async () => {
    views(viewNamed('users'), viewNamed('members'));
    const open = { action: 'rebuild', state: 'running' } as const;
    answer('jobs', { jobs: [jobOf(open), jobOf({ ...open, name: 'members' })] });
    refuse('projections/users/cancel', 'a first build cannot be cancelled');
    answer('projections/members/cancel', jobOf({ ...open, name: 'members', state: 'cancelled' }));
    const said = 'members: the rebuild is cancelled\nusers: a first build cannot be cancelled\n';
    expect(await run('cancel', 'all')).toMatchObject({ code: 1, stdout: said });
  });
});

describe.each(['drop', 'rollback'])('%s of all', (action) => {
  const users = viewNamed('users');
  const members = viewNamed('members', 1);

  it('goes on after a view that has nothing', async () => {
    views(users, members);
    refuse(`projections/users/${action}`, 'users has no previous generation');
    answer(`projections/members/${action}`, members);
    const { code, stdout } = await run(action, 'all');
    expect(code).toBe(0);
    expect(stdout).toMatch(/members +live[^]*users: users has no previous generation/);
    expect(JSON.parse((await run(action, 'all', '--json')).stdout)).toEqual({
      projections: [members],
      refused: [{ name: 'users', code: 'version-conflict', detail: 'users has no previous generation' }],
    });
  });

  it('fails where none has', async () => {
    views(users);
    refuse(`projections/users/${action}`, 'users has no previous generation');
    expect(await run(action, 'all')).toMatchObject({ code: 1, stdout: '' });
  });

  it('fails where one that has is refused, and says what was done', async () => {
    const chats = viewNamed('chats', 3);
    views(members, chats);
    refuse(`projections/members/${action}`, 'a rebuild of members has not ended');
    answer(`projections/chats/${action}`, chats);
    const { code, stdout } = await run(action, 'all');
    expect(code).toBe(1);
    expect(stdout).toMatch(/chats +live[^]*members: a rebuild of members has not ended/);
  });
});
