import type { Database } from '../database.ts';

interface CredentialRow {
  user_id: string;
  hash: string;
  changed_by: string | null;
}

interface TokenRow {
  session_id: string;
  user_id: string;
  used_at: number | null;
  ended_at: number | null;
  refresh_until: number;
}

export type AccountStatements = ReturnType<typeof prepareStatements>;

export function prepareStatements(database: Database) {
  return {
    enrol: database.prepare(
      'INSERT INTO credentials (user_id, hash, enrolled_by) VALUES (?, ?, ?) ON CONFLICT (enrolled_by) DO NOTHING',
    ),
    enrolledBy: database.prepare<CredentialRow>(
      'SELECT user_id, hash, changed_by FROM credentials WHERE enrolled_by = ?',
    ),
    credential: database.prepare<CredentialRow>('SELECT user_id, hash, changed_by FROM credentials WHERE user_id = ?'),
    forgetCredential: database.prepare('DELETE FROM credentials WHERE user_id = ?'),
    setHash: database.prepare('UPDATE credentials SET hash = ?, changed_by = ? WHERE user_id = ?'),
    addSession: database.prepare(
      'INSERT INTO sessions (session_id, user_id, opened_at, refresh_until) VALUES (?, ?, ?, ?)',
    ),
    openSession: database.prepare<{ user_id: string }>(
      'SELECT user_id FROM sessions WHERE session_id = ? AND ended_at IS NULL',
    ),
    sessionsOf: database.prepare<{ session_id: string }>(
      'SELECT session_id FROM sessions WHERE user_id = ? AND ended_at IS NULL',
    ),
    endSession: database.prepare('UPDATE sessions SET ended_at = ? WHERE session_id = ? AND ended_at IS NULL'),
    prolong: database.prepare('UPDATE sessions SET refresh_until = ? WHERE session_id = ?'),
    forgetSessions: database.prepare('DELETE FROM sessions WHERE refresh_until < ?'),
    token: database.prepare<TokenRow>(
      'SELECT session_id, user_id, used_at, ended_at, refresh_until FROM refresh_tokens JOIN sessions USING (session_id) WHERE hash = ?',
    ),
    addToken: database.prepare('INSERT INTO refresh_tokens (hash, session_id) VALUES (?, ?)'),
    useToken: database.prepare('UPDATE refresh_tokens SET used_at = ? WHERE hash = ?'),
    addEnd: database.prepare('INSERT INTO ends (session_id, at) VALUES (?, ?)'),
    lastEnd: database.prepare<{ seq: number | null }>('SELECT max(seq) AS seq FROM ends'),
    endsAfter: database.prepare<{ seq: number; session_id: string }>(
      'SELECT seq, session_id FROM ends WHERE seq > ? ORDER BY seq',
    ),
    forgetEnds: database.prepare('DELETE FROM ends WHERE at < ?'),
  };
}
