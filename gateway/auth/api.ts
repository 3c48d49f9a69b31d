import type { Profile } from '../../commands/index.ts';
import type { Outcome } from '../../events/error-codes.ts';
import type { UserId } from '../../events/ids.ts';

/** Who is behind a request or a socket, from a verified access token. */
export interface Principal {
  userId: UserId;
  sessionId: string;
  /** Milliseconds since 1970. */
  expiresAt: number;
}

export interface SessionAnswer {
  accessToken: string;
  refreshToken: string;
  /** RFC 3339: when the access token ends. */
  expiresAt: string;
  user: { userId: UserId; username: string; displayName: string };
  gateway: { url: string };
}

export interface Auth {
  register(request: {
    username: string;
    password: string;
    displayName: string;
    commandId?: string;
  }): Promise<Outcome<{ userId: UserId; username: string; displayName: string; repeated: boolean }>>;
  signIn(request: { username: string; password: string }): Promise<Outcome<SessionAnswer>>;
  /** Rotates the refresh token; a reused one ends its family. */
  refresh(refreshToken: string): Promise<Outcome<SessionAnswer>>;
  signOut(principal: Principal): Promise<void>;
  changePassword(
    principal: Principal,
    request: { oldPassword: string; newPassword: string; commandId?: string },
  ): Promise<Outcome<Profile>>;
  /** `unauthenticated` or `token-expired`; a token of an ended session is refused too. Cheap enough for every request.
   * An operator's token is refused but where `operator` says that the caller knows what to do with one. */
  verify(accessToken: string, options?: { operator?: boolean }): Promise<Outcome<Principal>>;
  /** A short-lived token for a command-line verb that talks to the running server: whoever holds the data folder may. */
  operatorToken(): Promise<string>;
  /** Calls back within a second of the end of a session, also one that another process ended. Returns the unsubscribe. */
  onSessionEnd(listener: (sessionId: string) => void): () => void;
  close(): Promise<void>;
}
