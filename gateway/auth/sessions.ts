import { accepted, type Outcome, rejected } from '../../events/error-codes.ts';
import { newId } from '../new-id.ts';
import type { SessionAnswer } from './api.ts';
import type { AuthParts } from './parts.ts';
import { hashRefreshToken, newRefreshToken } from './refresh-tokens.ts';

/** A session that is not refreshed for so long is over. */
const REFRESH_WITHIN_MS = 30 * 24 * 3_600_000;

/** One answer, one path and one cost for an unknown name, a user without password and a wrong password. */
export async function signIn(
  parts: AuthParts,
  { username, password }: { username: string; password: string },
): Promise<Outcome<SessionAnswer>> {
  const { accounts, commands, passwords, clock } = parts;
  const userId = await commands.userNamed(username);
  const credential = userId === null ? null : await accounts.credential(userId);
  const matches = await passwords.matches(credential?.hash ?? null, password);
  if (!matches || userId === null || credential === null) return WRONG;
  const now = clock();
  const { token, hash: refreshHash } = newRefreshToken();
  const sessionId = newId();
  // All that can fail comes first: nobody would ever learn of a session that was opened before it.
  const answered = await answer(parts, { userId, sessionId, refreshToken: token });
  if (!answered.ok) return answered;
  const session = {
    sessionId,
    userId,
    hash: credential.hash,
    refreshHash,
    at: now,
    refreshUntil: now + REFRESH_WITHIN_MS,
  };
  return (await accounts.openSession(session)) ? answered : WRONG;
}

const WRONG = rejected('bad-credentials', 'username or password is wrong');

export async function refresh(parts: AuthParts, refreshToken: string): Promise<Outcome<SessionAnswer>> {
  const now = parts.clock();
  const { token, hash: next } = newRefreshToken();
  const presented = hashRefreshToken(refreshToken);
  const holder = await parts.accounts.holderOf(presented);
  if (holder === null) return NOT_VALID;
  // All that can fail comes before the exchange: after it, a second try with the same token would end the session.
  const answered = await answer(parts, { ...holder, refreshToken: token });
  if (!answered.ok) return answered;
  const rotation = await parts.accounts.rotate({ presented, next, at: now, refreshUntil: now + REFRESH_WITHIN_MS });
  return rotation.status === 'rotated' ? answered : NOT_VALID;
}

const NOT_VALID = rejected('unauthenticated', 'the refresh token is not valid: sign in');

async function answer(
  { commands, tokens, accessTokenS, gatewayUrl }: AuthParts,
  { userId, sessionId, refreshToken }: { userId: string; sessionId: string; refreshToken: string },
): Promise<Outcome<SessionAnswer>> {
  const profile = await commands.profile(userId);
  if (profile === null) return rejected('unauthenticated', 'the user is not registered');
  const url = gatewayUrl(userId);
  if (url === null) return NOWHERE;
  const { token, expiresAt } = await tokens.sign({ userId, sessionId, lifetimeS: accessTokenS });
  return accepted({
    accessToken: token,
    refreshToken,
    expiresAt: new Date(expiresAt).toISOString(),
    user: { userId, username: profile.username, displayName: profile.displayName },
    gateway: { url },
  });
}

const NOWHERE = rejected('unavailable', 'no gateway is there at present', { retryAfterS: 1 });
