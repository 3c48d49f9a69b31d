import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Principal } from '../../../gateway/auth/api.ts';
import { type AuthWorld, createAuthWorld, MARA } from './world.ts';

let w: AuthWorld;
let me: Principal;
beforeEach(async () => {
  w = await createAuthWorld();
  await w.auth.register(MARA);
  const session = await w.auth.signIn(MARA);
  if (!session.ok) throw new Error('no session');
  const verified = await w.auth.verify(session.value.accessToken);
  if (!verified.ok) throw new Error('no principal');
  me = verified.value;
});
afterEach(() => w.close());

const now = () => Math.floor(Date.now() / 1_000);
const claims = (over: Record<string, unknown> = {}): JWTPayload => ({
  sub: me.userId,
  sid: me.sessionId,
  iss: 'hindsight',
  aud: 'hindsight',
  iat: now(),
  exp: now() + 60,
  ...over,
});
const HEADER = { alg: 'EdDSA', typ: 'at+jwt' };
const sign = (payload: JWTPayload, header: object = HEADER, key = w.key.privateKey) =>
  new SignJWT(payload).setProtectedHeader({ ...HEADER, ...header }).sign(key);
const codeOf = async (token: string) => {
  const outcome = await w.auth.verify(token);
  return outcome.ok ? 'ok' : outcome.rejection.code;
};

it('takes a token that is right in every part', async () => {
  expect(await codeOf(await sign(claims()))).toBe('ok');
});

describe('refuses', () => {
  it.each([
    ['another issuer', { iss: 'elsewhere' }, {}, 'unauthenticated'],
    ['another audience', { aud: 'elsewhere' }, {}, 'unauthenticated'],
    ['no audience', { aud: undefined }, {}, 'unauthenticated'],
    ['no expiry', { exp: undefined }, {}, 'unauthenticated'],
    ['no session', { sid: undefined }, {}, 'unauthenticated'],
    ['another’s session', { sid: '01J00000000000000000000000' }, {}, 'unauthenticated'],
    ['another user in my session', { sub: '01J00000000000000000000000' }, {}, 'unauthenticated'],
    ['a user that is no id', { sub: "x' OR 1=1" }, {}, 'unauthenticated'],
    ['a time before it begins', { nbf: 4_000_000_000 }, {}, 'unauthenticated'],
    ['another type', {}, { typ: 'JWT' }, 'unauthenticated'],
    ['no type', {}, { typ: undefined }, 'unauthenticated'],
    ['an expired token', { exp: 1_000 }, {}, 'token-expired'],
  ])('%s', async (_what, payload, header, code) => {
    const defined = Object.fromEntries(Object.entries(claims(payload)).filter(([, value]) => value !== undefined));
    expect(await codeOf(await sign(defined, header))).toBe(code);
  });

  it('another key, whatever the header says of it', async () => {
    let fetched = 0;
    const server = createServer((_request, response) => {
      fetched++;
      response.end('{"keys":[]}');
    }).listen(0, '127.0.0.1');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo | null)?.port}/keys`;
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const jwk = await exportJWK(publicKey);
    for (const header of [
      {},
      { jwk },
      { jku: url },
      { x5u: url },
      { kid: url },
      { kid: '../../etc/passwd' },
      { kid: w.key.keyId },
    ]) {
      expect(await codeOf(await sign(claims(), header, privateKey))).toBe('unauthenticated');
    }
    await new Promise((resolve) => server.close(resolve));
    expect(fetched).toBe(0);
  });

  it('no signature, and the public key used as a shared secret', async () => {
    expect(await codeOf(new UnsecuredJWT(claims()).encode())).toBe('unauthenticated');
    const secret = w.key.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const confused = await new SignJWT(claims())
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' })
      .sign(Buffer.from(secret));
    expect(await codeOf(confused)).toBe('unauthenticated');
  });

  it('what is no token, and one of which a single character was changed', async () => {
    const good = await sign(claims());
    for (const token of ['', '.', '..', 'a.b.c', 'x'.repeat(100_000), `${good}x`]) {
      expect(await codeOf(token)).toBe('unauthenticated');
    }
    for (let i = 0; i < good.length - 1; i += 7) {
      const changed = good.slice(0, i) + (good[i] === 'A' ? 'B' : 'A') + good.slice(i + 1);
      expect(await codeOf(changed)).not.toBe('ok');
    }
  });
});
