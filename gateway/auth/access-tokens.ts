import { errors, jwtVerify, SignJWT } from 'jose';
import { accepted, type Outcome, rejected } from '../../events/error-codes.ts';
import { isUlid } from '../../events/ids.ts';
import type { Principal } from './api.ts';
import type { SigningKey } from './ports.ts';

/** The one algorithm that is made or taken: a token that names another is refused, whatever it is signed with. */
const ALGORITHM = 'EdDSA';
const TYPE = 'at+jwt';
const ISSUER = 'hindsight';
const AUDIENCE = 'hindsight';
export const OPERATOR = 'operator';
const TOKEN_MAX_LENGTH = 2_048;

export interface AccessTokens {
  sign(claims: { userId: string; sessionId: string; lifetimeS: number }): Promise<{ token: string; expiresAt: number }>;
  /** The signature, the claims and the time are right; whether the session still stands is not asked here. */
  read(token: string): Promise<Outcome<Principal>>;
}

export function createAccessTokens({ key, clock }: { key: SigningKey; clock: () => number }): AccessTokens {
  return {
    async sign({ userId, sessionId, lifetimeS }) {
      const issuedAt = Math.floor(clock() / 1_000);
      const token = await new SignJWT({ sid: sessionId })
        .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid: key.keyId })
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setSubject(userId)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + lifetimeS)
        .sign(key.privateKey);
      return { token, expiresAt: (issuedAt + lifetimeS) * 1_000 };
    },
    read: (token) => read(token, key, new Date(clock())),
  };
}

/** The key is ours and given: nothing in a token's header (`jku`, `jwk`, `x5u`, `kid`) can choose or fetch another. */
async function read(token: string, key: SigningKey, now: Date): Promise<Outcome<Principal>> {
  if (token.length > TOKEN_MAX_LENGTH) return REFUSED;
  try {
    const { payload } = await jwtVerify(token, key.publicKey, {
      algorithms: [ALGORITHM],
      typ: TYPE,
      issuer: ISSUER,
      audience: AUDIENCE,
      requiredClaims: ['sub', 'sid', 'exp', 'iat'],
      currentDate: now,
    });
    const { sub, sid, exp } = payload;
    if (sub === undefined || typeof sid !== 'string' || exp === undefined) return REFUSED;
    if (sub !== OPERATOR && !isUlid(sub)) return REFUSED;
    return accepted({ userId: sub, sessionId: sid, expiresAt: exp * 1_000 });
  } catch (error) {
    if (error instanceof errors.JWTExpired) return EXPIRED;
    if (error instanceof errors.JOSEError) return REFUSED;
    throw error;
  }
}

export const REFUSED = rejected('unauthenticated', 'the access token is not valid: sign in');
export const EXPIRED = rejected('token-expired', 'the access token has expired: refresh it');
