import type { UserLookup } from '../../../commands/ports.ts';
import type { Postgres } from '../pool.ts';

const EXISTING = {
  name: 'users-existing',
  text: 'SELECT user_id AS "userId" FROM users_users WHERE user_id = ANY($1::text[])',
};

/** The view of users knows all but the very newest. */
export const userLookup = (postgres: Postgres): UserLookup => ({
  async existing(userIds) {
    const rows = await postgres.query<{ userId: string }>(EXISTING, [userIds]);
    return new Set(rows.map(({ userId }) => userId));
  },
});
