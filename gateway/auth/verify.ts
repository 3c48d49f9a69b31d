import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { accepted, type Outcome } from '../../events/error-codes.ts';
import { type AccessTokens, EXPIRED, OPERATOR, REFUSED } from './access-tokens.ts';
import type { Auth, Principal } from './api.ts';
import type { Accounts } from './ports.ts';
import type { SessionEnds } from './session-ends.ts';

const TOKENS_REMEMBERED = 10_000;
const ENDS_REMEMBERED = 10_000;

interface VerifierParts {
  accounts: Accounts;
  tokens: AccessTokens;
  ends: SessionEnds;
  clock: () => number;
}

/**
 * A token's signature and session are looked up once; after that a request costs a look into a map. What can change
 * since then is told: the time by the clock, the end of a session by `SessionEnds`.
 */
export function createVerifier({ accounts, tokens, ends, clock }: VerifierParts): { verify: Auth['verify'] } {
  const known = new LRUCache<string, Principal>({ max: TOKENS_REMEMBERED });
  const ended = new LRUCache<string, true>({ max: ENDS_REMEMBERED });
  ends.subscribe((sessionId) => {
    ended.set(sessionId, true);
    for (const [digest, principal] of known.entries()) if (principal.sessionId === sessionId) known.delete(digest);
  });

  async function lookUp(token: string): Promise<Outcome<Principal>> {
    const read = await tokens.read(token);
    if (!read.ok) return read;
    const principal = read.value;
    if (principal.userId !== OPERATOR) {
      const userId = await accounts.userOf(principal.sessionId);
      if (userId !== principal.userId || ended.has(principal.sessionId)) return REFUSED;
    }
    known.set(digestOf(token), principal);
    return accepted(principal);
  }

  return {
    async verify(token, { operator = false } = {}) {
      const principal = known.get(digestOf(token));
      const outcome = principal === undefined ? await lookUp(token) : current(principal, clock());
      if (outcome.ok && outcome.value.userId === OPERATOR && !operator) return REFUSED;
      return outcome;
    },
  };
}

/** A fraction of the token's length, for as long as its socket is open; and no secret lies about in memory. */
const digestOf = (token: string): string => createHash('sha256').update(token).digest('base64url');

const current = (principal: Principal, now: number): Outcome<Principal> =>
  now < principal.expiresAt ? accepted(principal) : EXPIRED;
