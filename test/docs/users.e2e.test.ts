import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../../bin/package-root.ts';
import { call, type SignedIn, signIn, signUp, TEST_PASSWORD } from '../support/protocol-client.ts';
import { startServerProcess } from '../support/server-process.ts';
import { type Asker, type Body, keyed, refusal, startAsker, ulid } from './asker.ts';

/** What the contract leaves open and docs/protocol.md settles: each sentence of it asked of a real server. */
let asker: Asker;
let ben: SignedIn;
let ask: Asker['ask'];
let group: Asker['group'];
let say: Asker['say'];

beforeAll(async () => {
  asker = await startAsker();
  ({ ben, ask, group, say } = asker);
});
afterAll(() => asker?.server.stop());

describe('users and roles', () => {
  test('names are folded; a wrong name and a wrong password are the same answer', async () => {
    const signInAs = (username: string, password: string) =>
      call<Body>(asker.server.http, '/v1/sessions', { body: { username, password } });
    expect((await signInAs('MARA', TEST_PASSWORD)).body.user).toMatchObject({ username: 'mara' });
    const wrong = await signInAs('mara', 'not her password');
    expect(refusal(wrong)).toEqual([401, 'bad-credentials']);
    expect((await signInAs('nobody', 'not her password')).body).toEqual(wrong.body);
    for (const password of ['short', 'password', 'hilariousname']) {
      const body = { username: 'hilariousname', displayName: 'H', password };
      expect(refusal(await call<Body>(asker.server.http, '/v1/users', { body }))).toEqual([400, 'bad-request']);
    }
  });

  test('`version` counts display names, and a repeat tells the profile of then', async () => {
    const cleo = await signUp(asker.server.http, 'cleo');
    const rename = (displayName: string, version: number, key = ulid()) =>
      ask('/me', { as: cleo, method: 'PATCH', body: { displayName, version }, ...keyed(key) });
    const key = ulid();
    expect((await rename('C', 1, key)).body).toMatchObject({ displayName: 'C', version: 2 });
    expect(refusal(await rename('D', 1))).toEqual([409, 'version-conflict']);
    expect((await rename('E', 2)).body.version).toBe(3);
    expect((await rename('C', 1, key)).body).toMatchObject({ displayName: 'C', version: 2 });
  });

  test('a refresh token that is used twice ends its session', async () => {
    const dora = await signUp(asker.server.http, 'dora');
    const refresh = () =>
      call<Body>(asker.server.http, '/v1/sessions/refresh', { body: { refreshToken: dora.refreshToken } });
    expect((await refresh()).status).toBe(201);
    expect(refusal(await refresh())).toEqual([401, 'unauthenticated']);
    await expect.poll(async () => (await ask('/me', { as: dora })).status).toBe(401);
  });

  test('roles stand for themselves; a read of all chats withholds words and is recorded', async () => {
    const analyst = await signUp(asker.server.http, 'analyst');
    await hindsight('user', 'role', 'analyst', 'user', 'analyst:content');
    expect(refusal(await ask('/events', { as: analyst }))).toEqual([403, 'forbidden']);
    await hindsight('user', 'role', 'analyst', 'user', 'analyst');
    const chatId = await group();
    await say(chatId, 'a secret');
    const answer = await fetch(`${asker.server.http}/v1/events?chatId=${chatId}&type=MessageSent,Unheard`, {
      headers: { authorization: `Bearer ${analyst.accessToken}` },
    });
    const lines = (await answer.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Body);
    expect(lines).toMatchObject([{ data: { text: '', withheld: 'hidden' } }, { end: true, count: 1 }]);
    const log = await hindsight('ops', 'log', '--area', 'events', '--json');
    expect(log).toContain(chatId);
    expect(log).toContain(analyst.userId);
  });

  test('an operator asks and gets a job', async () => {
    await signUp(asker.server.http, 'opal');
    await hindsight('user', 'role', 'opal', 'user', 'ops');
    const opal = await signIn(asker.server.http, 'opal');
    const asked = await ask('/ops/projections/members/verify', { as: opal, method: 'POST' });
    expect(asked).toMatchObject({
      status: 202,
      body: { name: 'members', action: 'verify', jobId: expect.any(String) },
    });
    const job = async () => (await ask(`/ops/jobs/${asked.body.jobId}`, { as: opal })).body;
    await expect.poll(async () => (await job()).state, { timeout: 20_000 }).toBe('done');
    expect((await job()).result).toMatchObject({ differences: [] });
    expect(refusal(await ask('/ops/projections', { as: ben }))).toEqual([403, 'forbidden']);
  });

  test('where the search for users is off it is forbidden', async () => {
    const closed = await startServerProcess({ env: { HINDSIGHT_USER_SEARCH: 'off' } });
    const eve = await signUp(closed.http, 'eve');
    const found = await call<Body>(closed.http, '/v1/users?query=eve', { token: eve.accessToken });
    await closed.stop();
    expect(refusal(found)).toEqual([403, 'forbidden']);
    expect(refusal(await ask('/users?query=ma'))).toEqual([400, 'bad-request']);
  });
});

async function hindsight(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ['bin/hindsight.mjs', ...args], {
    cwd: PACKAGE_ROOT,
    env: { ...process.env, HINDSIGHT_DATA: asker.server.data },
  });
  return stdout;
}
