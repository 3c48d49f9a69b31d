import type { UserId } from '../../../events/ids.ts';
import type { Accounts } from '../../../gateway/auth/ports.ts';
import type { Session } from '../pool.ts';
import { endSession } from './ends.ts';

interface Exchange {
  presented: Buffer;
  next: Buffer;
  at: number;
  refreshUntil: number;
}

const LOCKED = `SELECT session_id AS "sessionId", user_id AS "userId" FROM sessions
  WHERE session_id = (SELECT session_id FROM refresh_tokens WHERE hash = $1)
    AND ended_at IS NULL AND refresh_until > $2 FOR UPDATE`;

/**
 * Exchanges of one session come one after another: each holds the session's row, and only then looks (by a statement
 * of its own, so that it sees what the one before has written) whether its token was used.
 */
export async function rotate(session: Session, exchange: Exchange): ReturnType<Accounts['rotate']> {
  const { presented, next, at, refreshUntil } = exchange;
  const [held] = await session.query<{ sessionId: string; userId: UserId }>(LOCKED, [presented, at]);
  if (!held) return { status: 'unknown' };
  const fresh = 'UPDATE refresh_tokens SET used_at = $2 WHERE hash = $1 AND used_at IS NULL';
  if ((await session.execute(fresh, [presented, at])) !== 1) {
    await endSession(session, held.sessionId, at);
    return { status: 'reused' };
  }
  await Promise.all([
    session.execute('INSERT INTO refresh_tokens (hash, session_id) VALUES ($1, $2)', [next, held.sessionId]),
    session.execute('UPDATE sessions SET refresh_until = $2 WHERE session_id = $1', [held.sessionId, refreshUntil]),
  ]);
  return { status: 'rotated', ...held };
}
