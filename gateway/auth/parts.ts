import type { Commands } from '../../commands/index.ts';
import type { UserId } from '../../events/ids.ts';
import type { GatewayLogger } from '../context.ts';
import type { AccessTokens } from './access-tokens.ts';
import type { Passwords } from './passwords.ts';
import type { Accounts, SigningKey } from './ports.ts';

export interface AuthDeps {
  accounts: Accounts;
  commands: Pick<Commands, 'registerUser' | 'userNamed' | 'profile' | 'passwordChanged'>;
  key: SigningKey;
  /** Seconds that an access token is good for. */
  accessTokenS: number;
  /**
   * Where a client of a new session finds its socket; null while nobody could serve it. Asked anew each time: ports are
   * picked at start, users move.
   */
  gatewayUrl: (userId: UserId) => string | null;
  logger: GatewayLogger;
  /** Milliseconds since 1970. */
  clock: () => number;
  passwords?: Passwords;
}

/** What the steps of signing in and out share. */
export type AuthParts = Omit<AuthDeps, 'passwords' | 'key'> & { tokens: AccessTokens; passwords: Passwords };
