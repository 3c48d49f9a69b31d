import type { UserRow, UsersReader } from '../../../queries/users/view.ts';
import type { Postgres } from '../pool.ts';

const COLUMNS = 'user_id AS "userId", username, display_name AS "displayName"';
/** Greater than every text that begins with what it is appended to: no name holds it. */
const BEHIND = '\u{10FFFF}';

const ONE = { name: 'users-one', text: `SELECT ${COLUMNS} FROM users_users WHERE user_id = $1` };
// Two reads joined, so that each runs along an index of its own.
const PREFIX = `SELECT "userId", username, "displayName" FROM (
    (SELECT ${COLUMNS}, place FROM users_users
      WHERE username IS NOT NULL AND place >= $1 AND place < $2 AND place > $3 ORDER BY place LIMIT $4)
    UNION
    (SELECT ${COLUMNS}, place FROM users_users
      WHERE display_folded >= $1 AND display_folded < $2 AND place > $3 ORDER BY place LIMIT $4)
  ) found ORDER BY place LIMIT $4`;
const PART = `SELECT ${COLUMNS} FROM users_users
  WHERE place > $2 AND (strpos(coalesce(username, ''), $1) > 0 OR strpos(display_folded, $1) > 0)
  ORDER BY place LIMIT $3`;

export function usersReader(postgres: Postgres): UsersReader {
  return {
    async user(userId) {
      const [row] = await postgres.query<UserRow>(ONE, [userId]);
      return row ?? null;
    },
    async search({ text, mode, after = '', limit }) {
      if (text.includes('\0')) return []; // Postgres takes no such text, and no name holds it
      return mode === 'prefix'
        ? postgres.query<UserRow>(PREFIX, [text, `${text}${BEHIND}`, after, limit])
        : postgres.query<UserRow>(PART, [text, after, limit]);
    },
  };
}
