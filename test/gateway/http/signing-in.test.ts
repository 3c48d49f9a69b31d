import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../../gateway/new-id.ts';
import { createHarness, GATEWAY_URL, type Harness, PASSWORD } from './harness.ts';

let h: Harness;
beforeEach(async () => {
  h = await createHarness();
});
afterEach(() => h.close());

const registration = { username: 'Mara', password: PASSWORD, displayName: 'Mára ✨' };

describe('registering', () => {
  it('answers the public user, and the name can then sign in', async () => {
    const registered = await h.call('POST', '/v1/users', { body: registration });
    expect(registered.statusCode).toBe(201);
    expect(registered.json()).toEqual({
      userId: expect.stringMatching(/^[0-9A-Z]{26}$/),
      username: 'mara',
      displayName: 'Mára ✨',
    });
    const session = await h.call('POST', '/v1/sessions', { body: { username: 'MARA', password: PASSWORD } });
    expect(session.statusCode).toBe(201);
    expect(session.json()).toEqual({
      accessToken: expect.any(String),
      refreshToken: expect.any(String),
      expiresAt: expect.stringMatching(/^\d{4}-.*Z$/),
      user: registered.json(),
      gateway: { url: GATEWAY_URL },
    });
  });

  it('is answered as at first when the same Idempotency-Key comes again', async () => {
    const headers = { 'idempotency-key': newId() };
    const first = await h.call('POST', '/v1/users', { body: registration, headers });
    const again = await h.call('POST', '/v1/users', { body: registration, headers });
    expect([again.statusCode, again.json()]).toEqual([201, first.json()]);
    const other = await h.call('POST', '/v1/users', {
      body: { ...registration, password: 'another long one' },
      headers,
    });
    expect(other.json()).toMatchObject({ status: 409, code: 'command-id-reused' });
  });

  it('refuses a taken name and keeps nothing of the attempt', async () => {
    await h.call('POST', '/v1/users', { body: registration });
    const taken = await h.call('POST', '/v1/users', { body: { ...registration, password: 'intruder alert' } });
    expect(taken.json()).toMatchObject({ status: 409, code: 'username-taken', retryable: false });
    const intruder = await h.call('POST', '/v1/sessions', { body: { username: 'mara', password: 'intruder alert' } });
    expect(intruder.json()).toMatchObject({ status: 401, code: 'bad-credentials' });
  });

  it.each([
    ['a short password', { password: 'seven77' }],
    ['a common password', { password: 'Password123' }],
    ['a password that is the name', { username: 'longenough', password: 'longenough' }],
    ['a password of 257 characters', { password: 'é'.repeat(257) }],
    ['a name with a space', { username: 'ma ra' }],
    ['a name of two characters', { username: 'ma' }],
    ['an empty display name', { displayName: '' }],
    ['an unknown field', { admin: true }],
    ['a name that is no string', { username: { $ne: null } }],
  ])('refuses %s', async (_what, over) => {
    const answer = await h.call('POST', '/v1/users', { body: { ...registration, ...over } });
    expect(answer.json()).toMatchObject({ status: 400, code: 'bad-request' });
  });

  it('takes a password of 256 code points as it is, blanks and all', async () => {
    const password = ` ${'🦉'.repeat(254)} `;
    expect((await h.call('POST', '/v1/users', { body: { ...registration, password } })).statusCode).toBe(201);
    const trimmed = await h.call('POST', '/v1/sessions', { body: { username: 'mara', password: password.trim() } });
    expect(trimmed.json().code).toBe('bad-credentials');
    expect((await h.call('POST', '/v1/sessions', { body: { username: 'mara', password } })).statusCode).toBe(201);
  });
});

describe('a session', () => {
  it('is renewed by its refresh token, once; used again the token ends the session', async () => {
    const mara = await h.person('mara');
    const renewed = await h.call('POST', '/v1/sessions/refresh', { body: { refreshToken: mara.refreshToken } });
    expect(renewed.statusCode).toBe(201);
    const again = { ...mara, accessToken: renewed.json().accessToken };
    expect((await h.call('GET', '/v1/me', { as: again })).statusCode).toBe(200);

    const reused = await h.call('POST', '/v1/sessions/refresh', { body: { refreshToken: mara.refreshToken } });
    expect(reused.json()).toMatchObject({ status: 401, code: 'unauthenticated' });
    expect((await h.call('GET', '/v1/me', { as: again })).json().code).toBe('unauthenticated');
    const heir = await h.call('POST', '/v1/sessions/refresh', { body: { refreshToken: renewed.json().refreshToken } });
    expect(heir.json().code).toBe('unauthenticated');
  });

  it('is over at once when its user signs out', async () => {
    const mara = await h.person('mara');
    const gone = await h.call('DELETE', '/v1/sessions/current', { as: mara });
    expect([gone.statusCode, gone.body]).toEqual([204, '']);
    expect((await h.call('GET', '/v1/me', { as: mara })).json().code).toBe('unauthenticated');
    const refresh = await h.call('POST', '/v1/sessions/refresh', { body: { refreshToken: mara.refreshToken } });
    expect(refresh.json().code).toBe('unauthenticated');
  });

  it('outlives a change of the password only where the change was made', async () => {
    const here = await h.person('mara');
    const there = {
      ...here,
      accessToken: (await h.call('POST', '/v1/sessions', { body: { username: 'mara', password: PASSWORD } })).json()
        .accessToken,
    };
    const body = { oldPassword: PASSWORD, newPassword: 'eleven small owls' };
    const wrong = await h.call('PUT', '/v1/me/password', {
      as: here,
      body: { ...body, oldPassword: 'twelve small owls' },
    });
    expect(wrong.json()).toMatchObject({ status: 401, code: 'bad-credentials' });

    const headers = { 'idempotency-key': newId() };
    expect((await h.call('PUT', '/v1/me/password', { as: here, body, headers })).statusCode).toBe(200);
    expect((await h.call('PUT', '/v1/me/password', { as: here, body, headers })).statusCode).toBe(200);
    expect((await h.call('GET', '/v1/me', { as: here })).statusCode).toBe(200);
    expect((await h.call('GET', '/v1/me', { as: there })).json().code).toBe('unauthenticated');
    expect((await h.call('POST', '/v1/sessions', { body: { username: 'mara', password: PASSWORD } })).json().code).toBe(
      'bad-credentials',
    );
    expect(
      (await h.call('POST', '/v1/sessions', { body: { username: 'mara', password: body.newPassword } })).statusCode,
    ).toBe(201);
  });

  it('says when the token has expired', async () => {
    const mara = await h.person('mara');
    h.time.offset = 901_000;
    const late = await h.call('GET', '/v1/me', { as: mara });
    expect(late.json()).toMatchObject({ status: 401, code: 'token-expired' });
    expect(late.headers['www-authenticate']).toBe('Bearer');
  });
});

describe('my profile', () => {
  it('has a version that a change can be tied to', async () => {
    const mara = await h.person('mara');
    const before = (await h.call('GET', '/v1/me', { as: mara })).json();
    expect(before).toMatchObject({ userId: mara.userId, username: 'mara', displayName: 'MARA' });
    const renamed = await h.call('PATCH', '/v1/me', { as: mara, body: { displayName: 'M', version: before.version } });
    expect(renamed.json()).toMatchObject({ displayName: 'M', version: before.version + 1 });
    const stale = await h.call('PATCH', '/v1/me', { as: mara, body: { displayName: 'N', version: before.version } });
    expect(stale.json()).toMatchObject({ status: 409, code: 'version-conflict' });
  });
});
