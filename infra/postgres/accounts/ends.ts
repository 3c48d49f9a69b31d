import type { Session } from '../pool.ts';

/**
 * Ends sessions and counts their ends. Whoever counts holds the one row of the count until it commits: the next number
 * is given only when this one can be seen, so that no reader goes past an end that is still to appear. That row is
 * always the last to be locked.
 */
const ending = (which: string): string => `
  WITH ended AS (
    UPDATE sessions SET ended_at = $1 WHERE ${which} AND ended_at IS NULL RETURNING session_id
  ), counted AS (
    UPDATE session_ends_count SET last = last + (SELECT count(*) FROM ended)
    WHERE EXISTS (SELECT 1 FROM ended) RETURNING last
  )
  INSERT INTO session_ends (seq, session_id, at)
  SELECT last + 1 - row_number() OVER (ORDER BY session_id DESC), session_id, $1 FROM ended, counted`;

const END_ONE = ending('session_id = $2');
const END_ALL_BUT = ending('user_id = $2 AND session_id IS DISTINCT FROM $3');

export async function endSession(session: Session, sessionId: string, at: number): Promise<void> {
  await session.execute(END_ONE, [at, sessionId]);
}

export async function endAllBut(
  session: Session,
  of: { userId: string; keep: string | null; at: number },
): Promise<void> {
  await session.execute(END_ALL_BUT, [of.at, of.userId, of.keep]);
}

export async function lastEnd(session: Session): Promise<number> {
  const [row] = await session.query<{ last: number }>('SELECT last FROM session_ends_count');
  return row?.last ?? 0;
}

export const endsAfter = (session: Session, seq: number): Promise<{ seq: number; sessionId: string }[]> =>
  session.query(ENDS_AFTER, [seq]);

const ENDS_AFTER = {
  name: 'accounts-ends-after',
  text: 'SELECT seq, session_id AS "sessionId" FROM session_ends WHERE seq > $1 ORDER BY seq',
};
