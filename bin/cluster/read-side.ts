import type { Commands } from '../../commands/index.ts';
import type { EventLog } from '../../events/event-store.ts';
import type { Cassandra } from '../../infra/cassandra/cassandra.ts';
import { chatHistoryReader } from '../../infra/cassandra/chat-history/reader.ts';
import { chatLogReader as chatLogView } from '../../infra/cassandra/chat-log/reader.ts';
import type { Config } from '../../infra/config.ts';
import { membersReader } from '../../infra/postgres/members/reader.ts';
import type { Postgres } from '../../infra/postgres/pool.ts';
import { type FollowedProgress, followProgress, viewsSeen } from '../../infra/postgres/progress.ts';
import { userChatsReader } from '../../infra/postgres/user-chats/reader.ts';
import { usersReader } from '../../infra/postgres/users/reader.ts';
import { systemClock } from '../../infra/system/clock.ts';
import { createProgress } from '../../projections/index.ts';
import { chatLogReader } from '../../queries/chat-log/log-reader.ts';
import { withTail } from '../../queries/chat-log/with-tail.ts';
import { createQueries, type Queries } from '../../queries/index.ts';
import type { ViewReaders } from './verify/compare.ts';

export interface ReadSide {
  readonly views: ViewReaders;
  readonly progress: FollowedProgress;
}

export interface ReadSideOptions {
  log: EventLog;
  postgres: Postgres;
  cassandra: Cassandra;
  onFault: (what: string, error?: unknown) => void;
}

/** The views of a cluster for reading, and how far they have come. The chat log's end is read from the event store. */
export function openReadSide({ log, postgres, cassandra, onFault }: ReadSideOptions): ReadSide {
  const views: ViewReaders = {
    chatHistory: chatHistoryReader(cassandra),
    chatLog: withTail(chatLogView(cassandra, log.epoch), chatLogReader(log)),
    members: membersReader(postgres),
    userChats: userChatsReader(postgres),
    users: usersReader(postgres),
  };
  const progress = followProgress({
    waiters: createProgress(),
    views: viewsSeen(postgres),
    head: () => log.head(),
    onFault,
  });
  return { views, progress };
}

export function openQueries(
  { views, progress }: ReadSide,
  { log, commands, config }: { log: EventLog; commands: Commands; config: Config },
): Queries {
  return createQueries({
    ...views,
    progress,
    head: () => log.head(),
    epoch: log.epoch,
    access: (chatId, userId) => commands.access(chatId, userId),
    clock: systemClock,
    userSearch: config.userSearch,
  });
}
