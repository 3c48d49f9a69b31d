import { hash, verify } from '@node-rs/argon2';
import { ulid } from 'ulid';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { StoreError } from '../../../events/event-store.ts';
import { createPasswords } from '../../../gateway/auth/passwords.ts';
import { newId } from '../../../gateway/new-id.ts';
import { type AuthWorld, createAuthWorld, MARA } from './world.ts';

let w: AuthWorld;
afterEach(() => w.close());
const NOTICED_MS = 1_000;

async function signedIn(auth = w.auth) {
  const session = await auth.signIn(MARA);
  if (!session.ok) throw new Error(session.rejection.code);
  const verified = await auth.verify(session.value.accessToken);
  if (!verified.ok) throw new Error(verified.rejection.code);
  return { ...session.value, principal: verified.value };
}

it('a session is not begun, and none is renewed, while no gateway is there to serve it', async () => {
  let url: string | null = null;
  w = await createAuthWorld({ gatewayUrl: () => url });
  await w.auth.register(MARA);
  const openSession = vi.spyOn(w.accounts, 'openSession');
  const nowhere = { ok: false, rejection: { code: 'unavailable', retryAfterS: 1 } };
  expect(await w.auth.signIn(MARA)).toMatchObject(nowhere);
  expect(await w.auth.signIn({ ...MARA, password: 'wrong password' })).toMatchObject({
    rejection: { code: 'bad-credentials' },
  });
  expect(openSession).not.toHaveBeenCalled();
  url = 'ws://gateway';
  const { refreshToken } = await signedIn();
  url = null;
  expect(await w.auth.refresh(refreshToken)).toMatchObject(nowhere);
  url = 'ws://other';
  expect(await w.auth.refresh(refreshToken)).toMatchObject({ ok: true, value: { gateway: { url } } });
});

describe('passwords', () => {
  it('are kept as argon2id with the parameters we say', async () => {
    w = await createAuthWorld({ passwords: createPasswords() });
    const registered = await w.auth.register(MARA);
    if (!registered.ok) throw new Error('not registered');
    const credential = await w.accounts.credential(registered.value.userId);
    expect(credential?.hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect((await w.auth.signIn(MARA)).ok).toBe(true);
  });

  it('cost the same check whether the user is there or not', async () => {
    const argon2 = { hash: vi.fn(hash), verify: vi.fn(verify) };
    w = await createAuthWorld({ passwords: createPasswords(argon2) });
    await w.auth.register(MARA);
    const author = newId();
    await w.commands.registerUser({
      userId: author,
      username: 'author',
      displayName: 'A',
      password: false,
      commandId: newId(),
    });
    const tries = [
      { username: 'mara', password: 'wrong password' },
      { username: 'nobody', password: 'wrong password' },
      { username: 'author', password: 'wrong password' },
      { username: 'not a name!', password: 'wrong password' },
    ];
    argon2.hash.mockClear();
    const answers = [];
    for (const attempt of tries) {
      argon2.verify.mockClear();
      answers.push(JSON.stringify(await w.auth.signIn(attempt)));
      const costs = argon2.verify.mock.calls.map(([stored]) => /m=\d+,t=\d+,p=\d+/.exec(String(stored))?.[0]);
      expect(costs).toEqual(['m=19456,t=2,p=1']);
    }
    expect(new Set(answers).size).toBe(1);
    expect(argon2.hash).not.toHaveBeenCalled();
  });

  it('do not change where the id of the change is from the future', async () => {
    w = await createAuthWorld();
    await w.auth.register(MARA);
    const { principal } = await signedIn();
    const commandId = ulid(Date.now() + 150_000);
    const change = { oldPassword: MARA.password, newPassword: 'another good one', commandId };
    expect(await w.auth.changePassword(principal, change)).toMatchObject({ rejection: { code: 'id-from-the-future' } });
    expect((await w.auth.signIn(MARA)).ok).toBe(true);
  });

  it('are checked two at a time, and too many waiting are told so', async () => {
    let running = 0;
    let most = 0;
    const release: (() => void)[] = [];
    const slow = async () => {
      most = Math.max(most, ++running);
      await new Promise<void>((resolve) => release.push(resolve));
      running--;
      return 'hash';
    };
    w = await createAuthWorld();
    const passwords = createPasswords({ hash: slow as typeof hash, verify });
    const asked = Array.from({ length: 203 }, (_, i) => passwords.hash(`password ${i}`));
    const settled = Promise.allSettled(asked);
    await expect(asked[202]).rejects.toMatchObject({ code: 'busy', temporary: true });
    let admitted = 0;
    while (admitted < 202) {
      await new Promise(setImmediate);
      admitted += release.length;
      for (const go of release.splice(0)) go();
    }
    expect((await settled).filter(({ status }) => status === 'fulfilled')).toHaveLength(202);
    expect(most).toBe(2);
  });
});

describe('a registration that breaks in the middle', () => {
  it.each(['before', 'after'] as const)(
    'ends with a user who can sign in, when repeated: the failure came %s the events',
    async (when) => {
      let fail = true;
      w = await createAuthWorld();
      const { registerUser } = w.commands;
      w.commands.registerUser = async (command) => {
        if (!fail) return registerUser(command);
        fail = false;
        if (when === 'after') await registerUser(command);
        throw new StoreError('unknown', 'lost the answer');
      };
      const commandId = newId();
      await expect(w.auth.register({ ...MARA, commandId })).rejects.toMatchObject({ code: 'unknown' });
      if (when === 'after') expect((await w.auth.signIn(MARA)).ok).toBe(true);
      const repeated = await w.auth.register({ ...MARA, commandId });
      expect(repeated).toMatchObject({ ok: true, value: { username: 'mara' } });
      expect((await w.auth.signIn(MARA)).ok).toBe(true);
      expect(await w.auth.register({ ...MARA, commandId })).toMatchObject({ ok: true, value: { repeated: true } });
    },
  );

  it('is answered as at first even when the password was changed since', async () => {
    w = await createAuthWorld();
    const commandId = newId();
    const first = await w.auth.register({ ...MARA, commandId });
    const { principal } = await signedIn();
    await w.auth.changePassword(principal, { oldPassword: MARA.password, newPassword: 'eleven small owls' });
    const again = await w.auth.register({ ...MARA, commandId });
    expect(again.ok && first.ok && again.value.userId === first.value.userId).toBe(true);
  });

  it('made twice at once is one user', async () => {
    w = await createAuthWorld();
    const commandId = newId();
    const both = await Promise.all([w.auth.register({ ...MARA, commandId }), w.auth.register({ ...MARA, commandId })]);
    const ids = both.map((outcome) => (outcome.ok ? outcome.value.userId : outcome.rejection.code));
    expect(ids[0]).toMatch(/^[0-9A-Z]{26}$/);
    expect(ids[1]).toBe(ids[0]);
    expect((await w.auth.signIn(MARA)).ok).toBe(true);
  });
});

describe('a refresh that breaks in the middle', () => {
  it('can be tried again with the same token', async () => {
    w = await createAuthWorld();
    await w.auth.register(MARA);
    const { refreshToken } = await signedIn();
    const { profile } = w.commands;
    w.commands.profile = async () => {
      throw new StoreError('busy', 'not now');
    };
    await expect(w.auth.refresh(refreshToken)).rejects.toMatchObject({ code: 'busy' });
    w.commands.profile = profile;
    const refreshed = await w.auth.refresh(refreshToken);
    if (!refreshed.ok) throw new Error(refreshed.rejection.code);
    expect((await w.auth.verify(refreshed.value.accessToken)).ok).toBe(true);
  });
});

describe('the end of a session', () => {
  it('that another process made is told within a second, and the token is refused', async () => {
    w = await createAuthWorld();
    const other = await w.another();
    await w.auth.register(MARA);
    const session = await signedIn();
    const told = new Promise<string>((resolve) => w.auth.onSessionEnd(resolve));
    const began = performance.now();
    await other.signOut(session.principal);
    expect(await told).toBe(session.principal.sessionId);
    expect(performance.now() - began).toBeLessThan(NOTICED_MS);
    expect(await w.auth.verify(session.accessToken)).toMatchObject({
      ok: false,
      rejection: { code: 'unauthenticated' },
    });
  });

  it('is told for every session that a changed password or a reused token ends', async () => {
    w = await createAuthWorld();
    await w.auth.register(MARA);
    const [here, there] = [await signedIn(), await signedIn()];
    const ended: string[] = [];
    w.auth.onSessionEnd((sessionId) => ended.push(sessionId));
    await w.auth.changePassword(here.principal, { oldPassword: MARA.password, newPassword: 'eleven small owls' });
    expect(ended).toEqual([there.principal.sessionId]);
    await w.auth.refresh(here.refreshToken);
    await w.auth.refresh(here.refreshToken);
    expect(ended).toEqual([there.principal.sessionId, here.principal.sessionId]);
  });

  it('is known after a restart', async () => {
    w = await createAuthWorld();
    await w.auth.register(MARA);
    const session = await signedIn();
    await w.auth.signOut(session.principal);
    const restarted = await w.another();
    expect((await restarted.verify(session.accessToken)).ok).toBe(false);
  });

  it('does not reach a session by a sign-in that was still checking the old password', async () => {
    w = await createAuthWorld();
    await w.auth.register(MARA);
    const { principal } = await signedIn();
    const { openSession } = w.accounts;
    w.accounts.openSession = async (session) => {
      await w.auth.changePassword(principal, { oldPassword: MARA.password, newPassword: 'eleven small owls' });
      return openSession(session);
    };
    expect(await w.auth.signIn(MARA)).toMatchObject({ ok: false, rejection: { code: 'bad-credentials' } });
  });
});

it('asks the store for a session once, not on every request', async () => {
  w = await createAuthWorld();
  await w.auth.register(MARA);
  const session = await signedIn();
  const userOf = vi.spyOn(w.accounts, 'userOf');
  for (let i = 0; i < 100; i++) await w.auth.verify(session.accessToken);
  expect(userOf).not.toHaveBeenCalled();
});
