import type { UserId } from '../../../events/ids.ts';
import type { Accounts, Credential, Enrolment } from '../../../gateway/auth/ports.ts';
import type { Postgres } from '../pool.ts';
import { endAllBut, endSession, endsAfter, lastEnd } from './ends.ts';
import { rotate } from './rotate.ts';

/** An end is kept for as long as an access token could possibly be shown. */
const ENDS_KEPT_MS = 7 * 24 * 3_600_000;

const ENROL = `INSERT INTO credentials (user_id, hash, enrolled_by) VALUES ($1, $2, $3)
  ON CONFLICT (enrolled_by) DO UPDATE SET enrolled_by = excluded.enrolled_by
  RETURNING user_id AS "userId", hash, xmax = 0 AS fresh, changed_by IS NOT NULL AS changed`;
const CREDENTIAL = {
  name: 'accounts-credential',
  text: 'SELECT hash, changed_by AS "changedBy" FROM credentials WHERE user_id = $1',
};
const USER_OF = {
  name: 'accounts-user-of',
  text: 'SELECT user_id AS "userId" FROM sessions WHERE session_id = $1 AND ended_at IS NULL',
};
const HOLDER = {
  name: 'accounts-holder',
  text: `SELECT user_id AS "userId", session_id AS "sessionId" FROM refresh_tokens JOIN sessions USING (session_id)
    WHERE hash = $1 AND ended_at IS NULL`,
};

/** Secrets and sessions for all processes of a cluster. Closing it closes the pool. */
export function createAccounts(postgres: Postgres): Accounts {
  return {
    enrol: (entry) => enrol(postgres, entry),
    async withdraw(userId) {
      await postgres.execute('DELETE FROM credentials WHERE user_id = $1', [userId]);
    },
    async credential(userId) {
      const [row] = await postgres.query<Credential>(CREDENTIAL, [userId]);
      return row ?? null;
    },
    changePassword: (change) => changePassword(postgres, change),
    openSession: (session) => openSession(postgres, session),
    async holderOf(presented) {
      const [row] = await postgres.query<{ userId: UserId; sessionId: string }>(HOLDER, [bytes(presented)]);
      return row ?? null;
    },
    rotate: ({ presented, next, ...times }) =>
      postgres.transaction((session) => rotate(session, { presented: bytes(presented), next: bytes(next), ...times })),
    async userOf(sessionId) {
      const [row] = await postgres.query<{ userId: UserId }>(USER_OF, [sessionId]);
      return row?.userId ?? null;
    },
    endSession: (sessionId, at) => endSession(postgres, sessionId, at),
    lastEnd: () => lastEnd(postgres),
    endsAfter: (seq) => endsAfter(postgres, seq),
    purge: (now) => purge(postgres, now),
    close: () => postgres.close(),
  };
}

async function enrol(postgres: Postgres, entry: Parameters<Accounts['enrol']>[0]): Promise<Enrolment> {
  const [row] = await postgres.query<Enrolment>(ENROL, [entry.userId, entry.hash, entry.commandId]);
  if (!row) throw new Error('an enrolment is written or it was before');
  return row;
}

/** The secret's row is held first: a session that is being opened on the old one is seen here, or is refused there. */
const changePassword = (postgres: Postgres, change: Parameters<Accounts['changePassword']>[0]): Promise<void> =>
  postgres.transaction(async (session) => {
    const { userId, hash, commandId } = change;
    await session.execute('UPDATE credentials SET hash = $2, changed_by = $3 WHERE user_id = $1', [
      userId,
      hash,
      commandId,
    ]);
    await endAllBut(session, change);
  });

const openSession = (postgres: Postgres, opened: Parameters<Accounts['openSession']>[0]): Promise<boolean> =>
  postgres.transaction(async (session) => {
    const { sessionId, userId, hash, refreshHash, at, refreshUntil } = opened;
    const present = 'SELECT 1 FROM credentials WHERE user_id = $1 AND hash = $2 FOR SHARE';
    if ((await session.query(present, [userId, hash])).length === 0) return false;
    await Promise.all([
      session.execute('INSERT INTO sessions (session_id, user_id, opened_at, refresh_until) VALUES ($1, $2, $3, $4)', [
        sessionId,
        userId,
        at,
        refreshUntil,
      ]),
      session.execute('INSERT INTO refresh_tokens (hash, session_id) VALUES ($1, $2)', [bytes(refreshHash), sessionId]),
    ]);
    return true;
  });

/** Sessions that somebody is at work on are left for the next time: nobody waits here holding others. */
const purge = (postgres: Postgres, now: number): Promise<void> =>
  postgres.transaction(async (session) => {
    await session.execute(
      `DELETE FROM sessions WHERE session_id IN
        (SELECT session_id FROM sessions WHERE refresh_until < $1 FOR UPDATE SKIP LOCKED)`,
      [now],
    );
    await session.execute('DELETE FROM session_ends WHERE at < $1', [now - ENDS_KEPT_MS]);
  });

/** As the driver takes them. */
const bytes = (value: Uint8Array): Buffer => Buffer.from(value.buffer, value.byteOffset, value.byteLength);
