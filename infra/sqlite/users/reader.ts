import type { UserRow, UsersReader } from '../../../queries/users/view.ts';
import type { Database } from '../database.ts';
import { type Generation, tableName } from '../views/tables.ts';

const COLUMNS = 'user_id AS userId, username, display_name AS displayName';
/** Greater than every text that begins with what it is appended to: no name holds it. */
const BEHIND = '\u{10FFFF}';

export function usersReader({ db, generation }: { db: Database; generation: Generation }): UsersReader {
  const table = tableName('users_users', generation);
  const one = db.prepare<UserRow>(`SELECT ${COLUMNS} FROM ${table} WHERE user_id = ?`);
  // Two seeks joined, so that each runs along an index of its own.
  const prefix = db.prepare<UserRow>(
    `SELECT ${COLUMNS}, place FROM ${table} WHERE username IS NOT NULL AND place >= ?1 AND place < ?2 AND place > ?3
      UNION SELECT ${COLUMNS}, place FROM ${table} WHERE display_folded >= ?1 AND display_folded < ?2 AND place > ?3
      ORDER BY place LIMIT ?4`,
  );
  const part = db.prepare<UserRow>(
    `SELECT ${COLUMNS} FROM ${table} WHERE place > ?2
      AND (instr(coalesce(username, ''), ?1) > 0 OR instr(display_folded, ?1) > 0) ORDER BY place LIMIT ?3`,
  );
  return {
    async user(userId) {
      const row = one.get(userId);
      return row ? { ...row } : null;
    },
    async search({ text, mode, after = '', limit }) {
      const rows =
        mode === 'prefix' ? prefix.all(text, `${text}${BEHIND}`, after, limit) : part.all(text, after, limit);
      return rows.map(({ userId, username, displayName }) => ({ userId, username, displayName }));
    },
  };
}
