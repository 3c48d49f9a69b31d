import type { RecordedEvent } from '../../../events/event-store.ts';
import { createCheckpoints } from '../../../infra/postgres/checkpoints.ts';
import type { Postgres } from '../../../infra/postgres/pool.ts';
import { createViewRows } from '../../../infra/postgres/views/rows.ts';
import { feeder, inBatches } from '../../contracts/partition-rows/feeder.ts';
import { seeded } from '../../support/seeded.ts';

export const VIEW_TABLES = {
  user_chats_chats: 'chat_id',
  user_chats_memberships: 'user_id, chat_id',
  members_spans: 'chat_id, user_id, from_seq',
  members_frames: 'chat_id, seq',
  users_users: 'user_id',
} as const;

export async function emptyViews(postgres: Postgres): Promise<void> {
  await postgres.execute(`TRUNCATE checkpoints, ${Object.keys(VIEW_TABLES).join(', ')}`);
}

/** Every row of every view as text. */
export async function dumpViews(postgres: Postgres): Promise<Record<string, string[]>> {
  const dump: Record<string, string[]> = {};
  for (const [table, key] of Object.entries(VIEW_TABLES)) {
    const rows = await postgres.query<{ row: string }>(`SELECT t::text AS row FROM ${table} t ORDER BY ${key}`);
    dump[table] = rows.map(({ row }) => row);
  }
  return dump;
}

/** The views of a whole log, in empty tables, written as a projector would. */
export async function builtViews(postgres: Postgres, events: readonly RecordedEvent[]): Promise<void> {
  await emptyViews(postgres);
  const checkpoints = createCheckpoints(postgres);
  await checkpoints.prepare('user-chats', 1);
  const only = feeder(createViewRows(postgres), await checkpoints.claim('user-chats', 0, 'tests'));
  for (const batch of inBatches(events, seeded(1), 200)) await only.feed(batch);
}
