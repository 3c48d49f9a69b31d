import type { LogPosition } from '../../../events/event-store.ts';
import { rewindCheckpoints } from '../checkpoints.ts';
import type { Postgres } from '../pool.ts';

const TABLES = ['user_chats_chats', 'user_chats_memberships', 'members_spans', 'members_frames', 'users_users'];

/** The views' rows are gone and their projectors at the beginning, in one transaction: none of them can write in between. */
export async function emptyViews(postgres: Postgres, until: LogPosition): Promise<void> {
  await postgres.transaction(async (session) => {
    await rewindCheckpoints(session, 'user-chats', until);
    await session.execute(`TRUNCATE ${TABLES.join(', ')}`);
  });
}
