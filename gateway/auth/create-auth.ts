import { newId } from '../new-id.ts';
import { createAccessTokens, OPERATOR } from './access-tokens.ts';
import type { Auth } from './api.ts';
import { changePassword } from './change-password.ts';
import type { AuthDeps, AuthParts } from './parts.ts';
import { createPasswords } from './passwords.ts';
import { register } from './register.ts';
import { followSessionEnds } from './session-ends.ts';
import { refresh, signIn } from './sessions.ts';
import { createVerifier } from './verify.ts';

const OPERATOR_TOKEN_S = 300;
const PURGE_MS = 3_600_000;

export type { AuthDeps };

export async function createAuth(deps: AuthDeps): Promise<Auth> {
  const { accounts, logger, clock } = deps;
  const tokens = createAccessTokens({ key: deps.key, clock });
  const ends = await followSessionEnds(accounts, logger);
  const parts: AuthParts = { ...deps, tokens, passwords: deps.passwords ?? createPasswords() };
  const verifier = createVerifier({ accounts, tokens, ends, clock });
  const purge = setInterval(() => {
    accounts
      .purge(clock())
      .catch((error: unknown) => logger.warn({ err: error }, 'old sessions were not cleared away'));
  }, PURGE_MS);
  purge.unref();
  return {
    register: (request) => register(parts, { ...request, commandId: request.commandId ?? newId() }),
    signIn: (request) => signIn(parts, request),
    async refresh(refreshToken) {
      const outcome = await refresh(parts, refreshToken);
      if (!outcome.ok) await ends.look();
      return outcome;
    },
    async signOut({ sessionId }) {
      await accounts.endSession(sessionId, clock());
      await ends.look();
    },
    async changePassword(principal, request) {
      const outcome = await changePassword(parts, principal, { ...request, commandId: request.commandId ?? newId() });
      await ends.look();
      return outcome;
    },
    verify: verifier.verify,
    async operatorToken() {
      const { token } = await tokens.sign({ userId: OPERATOR, sessionId: OPERATOR, lifetimeS: OPERATOR_TOKEN_S });
      return token;
    },
    onSessionEnd: ends.subscribe,
    async close() {
      clearInterval(purge);
      await ends.close();
    },
  };
}
