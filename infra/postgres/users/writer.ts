import type { UserId } from '../../../events/ids.ts';
import type { UsersWriter } from '../../../projections/users/ports.ts';
import { foldName } from '../../sql/names.ts';
import { textColumn } from '../arrays.ts';
import type { LoadedRows } from '../loaded.ts';
import type { Bound } from '../pool.ts';

interface Registered {
  readonly userId: UserId;
  readonly username: string | null;
  readonly displayName: string;
}
type Renamed = Pick<Registered, 'userId' | 'displayName'>;

export interface LoadedUsers extends LoadedRows {
  readonly writer: UsersWriter;
}

/** Nothing needs to be loaded: the last name of a batch counts, whatever it was before. */
export function loadedUsers(): LoadedUsers {
  const registered = new Map<UserId, Registered>();
  const renamed = new Map<UserId, Renamed>();
  const forget = () => {
    registered.clear();
    renamed.clear();
  };
  return {
    writer: {
      registered(user) {
        registered.set(user.userId, user);
        renamed.delete(user.userId);
      },
      renamed({ userId, displayName }) {
        const user = registered.get(userId);
        if (user) registered.set(userId, { ...user, displayName });
        else renamed.set(userId, { userId, displayName });
      },
    },
    size: () => 0,
    *store() {
      if (registered.size > 0) yield storeUsers([...registered.values()]);
      if (renamed.size > 0) yield renameUsers([...renamed.values()]);
    },
    committed: forget,
    forget,
  };
}

const STORE = `INSERT INTO users_users AS u (user_id, username, display_name, display_folded, place)
  SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
  ON CONFLICT (user_id) DO UPDATE SET username = excluded.username, display_name = excluded.display_name,
    display_folded = excluded.display_folded, place = excluded.place
  WHERE u.username IS DISTINCT FROM excluded.username OR u.display_name <> excluded.display_name`;

const storeUsers = (users: readonly Registered[]): Bound => ({
  statement: { name: 'users-store', text: STORE },
  values: [
    textColumn(users, ({ userId }) => userId),
    textColumn(users, ({ username }) => username),
    textColumn(users, ({ displayName }) => displayName),
    textColumn(users, ({ displayName }) => foldName(displayName)),
    textColumn(users, ({ userId, username }) => username ?? userId),
  ],
});

const RENAME = `UPDATE users_users u SET display_name = named.display_name, display_folded = named.display_folded
  FROM unnest($1::text[], $2::text[], $3::text[]) AS named (user_id, display_name, display_folded)
  WHERE u.user_id = named.user_id AND u.display_name <> named.display_name`;

const renameUsers = (users: readonly Renamed[]): Bound => ({
  statement: { name: 'users-rename', text: RENAME },
  values: [
    textColumn(users, ({ userId }) => userId),
    textColumn(users, ({ displayName }) => displayName),
    textColumn(users, ({ displayName }) => foldName(displayName)),
  ],
});
