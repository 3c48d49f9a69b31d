import type { KeyObject } from 'node:crypto';
import type { CommandId, UserId } from '../../events/ids.ts';

/**
 * Secrets and sessions: durable, and never events. Times are milliseconds since 1970. A refresh token is known here
 * only by its SHA-256. The suite in `test/contracts/accounts.ts` is the port's specification.
 */
export interface Accounts {
  /** Keeps the password hash of a user to be. Where `commandId` is known already nothing is written: what was kept then is answered. */
  enrol(entry: { userId: UserId; hash: string; commandId: CommandId }): Promise<Enrolment>;
  /** Forgets an enrolment whose registration was refused. */
  withdraw(userId: UserId): Promise<void>;
  credential(userId: UserId): Promise<Credential | null>;
  /** In one piece: the new hash, and the end of every session of the user but `keep`. */
  changePassword(change: {
    userId: UserId;
    hash: string;
    commandId: CommandId;
    keep: string | null;
    at: number;
  }): Promise<void>;
  /** False, and nothing opened, where `hash` is not the user's any more: the password changed while it was checked. */
  openSession(session: NewSession): Promise<boolean>;
  /** Whose refresh token it is, used before or not; null where its session has ended or there is none. */
  holderOf(presented: Uint8Array): Promise<{ userId: UserId; sessionId: string } | null>;
  /** Exchanges a refresh token for the next one of its session. A token that was used before ends the session. */
  rotate(exchange: {
    presented: Uint8Array;
    next: Uint8Array;
    at: number;
    refreshUntil: number;
  }): Promise<{ status: 'rotated'; sessionId: string; userId: UserId } | { status: 'reused' | 'unknown' }>;
  /** The user of a session that has not ended, else null. */
  userOf(sessionId: string): Promise<UserId | null>;
  endSession(sessionId: string, at: number): Promise<void>;
  /** The number of the latest end of a session, by whichever process. */
  lastEnd(): Promise<number>;
  /** The ends after that number, oldest first. */
  endsAfter(seq: number): Promise<{ seq: number; sessionId: string }[]>;
  /** Forgets what can never be asked for again: expired refresh tokens and the sessions they belonged to. */
  purge(now: number): Promise<void>;
  close(): Promise<void>;
}

export interface Enrolment {
  userId: UserId;
  hash: string;
  /** False where the command was known already. */
  fresh: boolean;
  /** True where the password has been changed since. */
  changed: boolean;
}

export interface Credential {
  hash: string;
  /** The command that set the present hash, null where it is the first. */
  changedBy: CommandId | null;
}

/** All that is kept of a user's secret, as it is copied from one store of accounts to another. */
export interface StoredCredential {
  readonly userId: UserId;
  readonly hash: string;
  readonly enrolledBy: CommandId;
  readonly changedBy: CommandId | null;
}

export interface NewSession {
  sessionId: string;
  userId: UserId;
  /** The hash that the password was checked against. */
  hash: string;
  refreshHash: Uint8Array;
  at: number;
  refreshUntil: number;
}

/** The Ed25519 pair with which access tokens are signed. */
export interface SigningKey {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** Names the key in a token's header; derived from the public key. */
  readonly keyId: string;
}
