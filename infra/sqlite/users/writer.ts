import type { UsersWriter } from '../../../projections/users/ports.ts';
import { foldName } from '../../sql/names.ts';
import type { Database } from '../database.ts';
import { type Generation, tableName } from '../views/tables.ts';

export function usersWriter({ db, generation }: { db: Database; generation: Generation }): UsersWriter {
  const users = tableName('users_users', generation);
  const register = db.prepare(`REPLACE INTO ${users} VALUES (?, ?, ?, ?, ?)`);
  const rename = db.prepare(`UPDATE ${users} SET display_name = ?, display_folded = ? WHERE user_id = ?`);
  return {
    registered: ({ userId, username, displayName }) =>
      void register.run(userId, username, displayName, foldName(displayName), username ?? userId),
    renamed: ({ userId, displayName }) => void rename.run(displayName, foldName(displayName), userId),
  };
}
