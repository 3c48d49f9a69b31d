import { closeSync, openSync } from 'node:fs';
import { StoreError } from '../../../events/event-store.ts';
import type { Accounts } from '../../../gateway/auth/ports.ts';
import { type Database, openDatabase } from '../database.ts';
import { isBusy, isCorrupt, isFull, isIoFailure } from '../errors.ts';
import { prepareAccounts } from './schema.ts';
import { type AccountStatements, prepareStatements } from './statements.ts';

const OWNER_ONLY = 0o600;
const BUSY_TIMEOUT_MS = 1_000;
/** An end is kept for as long as an access token could possibly be shown. */
const ENDS_KEPT_MS = 7 * 24 * 3_600_000;

/** `accounts.db`: password hashes and sessions, readable by its owner only. Several processes may have it open. */
export async function openAccounts(file: string): Promise<Accounts> {
  closeSync(openSync(file, 'a', OWNER_ONLY)); // SQLite would make it readable by all; its side files take this mode over
  const database = await openDatabase({ file, synchronous: 'full', busyTimeoutMs: BUSY_TIMEOUT_MS });
  prepareAccounts(database);
  const statements = prepareStatements(database);
  /** Promises, though SQLite answers at once: a server across the network will be behind the same port. */
  const asked = async <T>(work: () => T): Promise<T> => guarded(work);
  const inOnePiece = async <T>(work: () => T): Promise<T> => guarded(() => database.transaction(work));
  return {
    enrol: (entry) => inOnePiece(() => enrol(statements, entry)),
    withdraw: (userId) => asked(() => void statements.forgetCredential.run(userId)),
    credential: (userId) => asked(() => credential(statements, userId)),
    changePassword: (change) => inOnePiece(() => changePassword(statements, change)),
    openSession: (session) => inOnePiece(() => openSession(statements, session)),
    holderOf: (presented) => asked(() => holderOf(statements, presented)),
    rotate: (exchange) => inOnePiece(() => rotate(statements, exchange)),
    userOf: (sessionId) => asked(() => statements.openSession.get(sessionId)?.user_id ?? null),
    endSession: (sessionId, at) => inOnePiece(() => end(statements, sessionId, at)),
    lastEnd: () => asked(() => statements.lastEnd.get()?.seq ?? 0),
    endsAfter: (seq) =>
      asked(() => statements.endsAfter.all(seq).map((row) => ({ seq: row.seq, sessionId: row.session_id }))),
    purge: (now) => inOnePiece(() => purge(statements, now)),
    close: async () => close(database),
  };
}

function enrol(s: AccountStatements, entry: Parameters<Accounts['enrol']>[0]) {
  const fresh = Number(s.enrol.run(entry.userId, entry.hash, entry.commandId).changes) === 1;
  const row = s.enrolledBy.get(entry.commandId);
  if (!row) throw new Error('the user to enrol has a password already'); // ids are made for one enrolment
  return { userId: row.user_id, hash: row.hash, fresh, changed: row.changed_by !== null };
}

function credential(s: AccountStatements, userId: string) {
  const row = s.credential.get(userId);
  return row ? { hash: row.hash, changedBy: row.changed_by } : null;
}

function changePassword(s: AccountStatements, change: Parameters<Accounts['changePassword']>[0]): void {
  s.setHash.run(change.hash, change.commandId, change.userId);
  for (const { session_id } of s.sessionsOf.all(change.userId)) {
    if (session_id !== change.keep) end(s, session_id, change.at);
  }
}

function openSession(s: AccountStatements, session: Parameters<Accounts['openSession']>[0]): boolean {
  if (s.credential.get(session.userId)?.hash !== session.hash) return false;
  s.addSession.run(session.sessionId, session.userId, session.at, session.refreshUntil);
  s.addToken.run(session.refreshHash, session.sessionId);
  return true;
}

function holderOf(s: AccountStatements, presented: Uint8Array) {
  const token = s.token.get(presented);
  return token && token.ended_at === null ? { userId: token.user_id, sessionId: token.session_id } : null;
}

function rotate(
  s: AccountStatements,
  exchange: Parameters<Accounts['rotate']>[0],
): Awaited<ReturnType<Accounts['rotate']>> {
  const token = s.token.get(exchange.presented);
  if (!token || token.ended_at !== null || token.refresh_until <= exchange.at) return { status: 'unknown' };
  if (token.used_at !== null) {
    end(s, token.session_id, exchange.at);
    return { status: 'reused' };
  }
  s.useToken.run(exchange.at, exchange.presented);
  s.addToken.run(exchange.next, token.session_id);
  s.prolong.run(exchange.refreshUntil, token.session_id);
  return { status: 'rotated', sessionId: token.session_id, userId: token.user_id };
}

function end(s: AccountStatements, sessionId: string, at: number): void {
  if (Number(s.endSession.run(at, sessionId).changes) === 1) s.addEnd.run(sessionId, at);
}

function purge(s: AccountStatements, now: number): void {
  s.forgetSessions.run(now);
  s.forgetEnds.run(now - ENDS_KEPT_MS);
}

function close(database: Database): void {
  database.close();
}

/** SQLite's errors as the port's, so that the edge can tell a busy file from a broken one. */
function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (isBusy(error))
      throw new StoreError('busy', 'accounts: the file is locked by another process', { cause: error });
    if (isFull(error)) throw new StoreError('full', 'accounts: the device is full', { cause: error });
    if (isCorrupt(error)) throw new StoreError('corrupt', 'accounts: the file is damaged', { cause: error });
    if (isIoFailure(error)) throw new StoreError('unknown', 'accounts: the device failed', { cause: error });
    throw error;
  }
}
