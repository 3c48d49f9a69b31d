import { type LogPosition, StoreError } from '../../../events/event-store.ts';
import {
  type PartitionBatch,
  type PartitionRows,
  StaleOwner,
  type Step,
} from '../../../projections/partitions/ports.ts';
import type { Writers } from '../../../projections/runner/ports.ts';
import { moveCheckpoint } from '../checkpoints.ts';
import { loadedMembers } from '../members/writer.ts';
import type { Postgres } from '../pool.ts';
import { loadChats } from '../user-chats/chats.ts';
import { loadedUserChats } from '../user-chats/writer.ts';
import { loadedUsers } from '../users/writer.ts';
import { needsOf } from './needs.ts';

/** How many rows of a partition are kept in memory between batches. */
export const ROWS_KEPT_MAX = 20_000;

/** The rows of the group `user-chats` for one partition: views user chats, members and users. Connections are the caller's. */
export function createViewRows(postgres: Postgres, { keptMax = ROWS_KEPT_MAX } = {}): PartitionRows {
  const userChats = loadedUserChats();
  const members = loadedMembers();
  const users = loadedUsers();
  const all = [userChats, members, users];
  /** Up to where what is kept is the database's; null where nothing is. */
  let keptAt: LogPosition | null = null;

  const reset = () => {
    for (const rows of all) rows.forget();
    keptAt = null;
  };
  const writers: Partial<Writers> = {
    'user-chats': { ...userChats.writer, reset },
    members: { ...members.writer, reset },
    users: users.writer,
  };

  return {
    group: 'user-chats',
    writer(view) {
      const writer = writers[view];
      if (!writer) throw new Error(`${view} is not kept in Postgres`);
      return writer;
    },
    async load({ inputs }: PartitionBatch) {
      const needs = needsOf(inputs);
      const missing = [...needs.chats].filter((chatId) => !userChats.has(chatId));
      if (missing.length > 0) {
        const rows = new Map((await loadChats(postgres, missing)).map((row) => [row.chatId, row]));
        for (const chatId of missing) {
          userChats.take(chatId, rows.get(chatId) ?? null);
          members.take(chatId, rows.get(chatId) ?? null);
        }
      }
      await Promise.all([
        userChats.loadMemberships(postgres, [...needs.members, ...needs.marks]),
        members.loadPresent(postgres, needs.members),
      ]);
    },
    async commit(step: Step) {
      const heldAt = keptAt ?? step.from;
      try {
        await postgres.transaction(async (session) => {
          await moveCheckpoint(session, step); // alone: a stale owner must not even hold a lock on a row
          refuseOutdated(heldAt, step);
          await Promise.all(all.flatMap((rows) => rows.store(session)));
        });
      } catch (error) {
        if (error instanceof StaleOwner) reset();
        else keptAt = heldAt; // the same step may be tried again
        throw error;
      }
      keptAt = step.to;
      for (const rows of all) rows.committed();
      if (all.reduce((sum, rows) => sum + rows.size(), 0) > keptMax) reset();
    },
    reset,
    close: async () => reset(),
  };
}

/** Another process has had the partition in between, and wrote rows that are held here as they were before. */
function refuseOutdated(heldAt: LogPosition, { claim, from }: Step): void {
  if (heldAt === from) return;
  const place = `${claim.group}, partition ${claim.partition}`;
  throw new StoreError('busy', `${place}: rows are held as of ${heldAt}, not ${from}: forget them and take it again`);
}
