import type { PartitionBatch, PartitionRows } from '../../../projections/partitions/ports.ts';
import type { Writers } from '../../../projections/runner/ports.ts';
import { holding } from '../failures.ts';
import { fencedRows } from '../fenced-rows.ts';
import { loadedMembers } from '../members/writer.ts';
import type { Postgres } from '../pool.ts';
import { loadChats } from '../user-chats/chats.ts';
import { loadedUserChats } from '../user-chats/writer.ts';
import { loadedUsers } from '../users/writer.ts';
import { type Needs, needsOf } from './needs.ts';

/** The rows of the group `user-chats` for one partition: views user chats, members and users. Connections are the caller's. */
export function createViewRows(postgres: Postgres, options: { keptMax?: number } = {}): PartitionRows {
  const userChats = loadedUserChats();
  const members = loadedMembers();
  const users = loadedUsers();
  const { commit, reset } = fencedRows(postgres, [userChats, members, users], options.keptMax);
  const writers: Partial<Writers> = {
    'user-chats': { ...userChats.writer, reset },
    members: { ...members.writer, reset },
    users: users.writer,
  };

  const load = async ({ chats, members: comers, marks }: Needs): Promise<void> => {
    const missing = [...chats].filter((chatId) => !userChats.has(chatId));
    if (missing.length > 0) {
      const rows = new Map((await loadChats(postgres, missing)).map((row) => [row.chatId, row]));
      for (const chatId of missing) {
        userChats.take(chatId, rows.get(chatId) ?? null);
        members.take(chatId, rows.get(chatId) ?? null);
      }
    }
    await Promise.all([
      userChats.loadMemberships(postgres, [...comers, ...marks]),
      members.loadPresent(postgres, comers),
    ]);
  };

  return {
    group: 'user-chats',
    writer(view) {
      const writer = writers[view];
      if (!writer) throw new Error(`${view} is not kept in Postgres`);
      return writer;
    },
    load: ({ inputs }: PartitionBatch) => holding(() => load(needsOf(inputs))),
    commit,
    reset,
    close: async () => reset(),
  };
}
