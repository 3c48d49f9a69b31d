import type { AccessTokens } from './access-tokens.ts';
import type { AuthDeps } from './create-auth.ts';
import type { Passwords } from './passwords.ts';

/** What the steps of signing in and out share. */
export type AuthParts = Omit<AuthDeps, 'passwords' | 'key'> & { tokens: AccessTokens; passwords: Passwords };
