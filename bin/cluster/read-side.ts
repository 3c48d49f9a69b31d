import type { Commands } from '../../commands/index.ts';
import type { EventLog } from '../../events/event-store.ts';
import type { ChatId, UserId } from '../../events/ids.ts';
import { chatHistoryReader } from '../../infra/cassandra/chat-history/reader.ts';
import { chatLogReader as chatLogView } from '../../infra/cassandra/chat-log/reader.ts';
import type { Config } from '../../infra/config.ts';
import { membersReader } from '../../infra/postgres/members/reader.ts';
import { parkedReader } from '../../infra/postgres/parked-reader.ts';
import type { Postgres } from '../../infra/postgres/pool.ts';
import { type FollowedProgress, followProgress, viewsSeen } from '../../infra/postgres/progress.ts';
import { userChatsReader } from '../../infra/postgres/user-chats/reader.ts';
import { usersReader } from '../../infra/postgres/users/reader.ts';
import { systemClock } from '../../infra/system/clock.ts';
import type { LiveGenerations } from '../../projections/generations/ports.ts';
import { createProgress } from '../../projections/index.ts';
import { FIRST_GENERATION, VIEW_GROUPS } from '../../projections/partitions/ports.ts';
import { chatLogReader } from '../../queries/chat-log/log-reader.ts';
import { withTail } from '../../queries/chat-log/with-tail.ts';
import { createQueries, type Queries, type QueryDeps } from '../../queries/index.ts';
import type { ParkedChats } from '../../queries/parked/view.ts';
import type { GenerationStores } from './generations/stores.ts';

type Readers = Pick<QueryDeps, 'chatHistory' | 'chatLog' | 'members' | 'userChats' | 'users'>;

export interface ReadSide {
  readonly progress: FollowedProgress;
  /** Readers of what is live now, each time it is asked. Throws as Postgres does where nobody can tell. */
  live(): Promise<Readers>;
  /** The same by what was seen last. */
  lastLive(): Readers;
  readonly parked: ParkedChats;
}

export interface ReadSideOptions {
  log: EventLog;
  postgres: Postgres;
  stores: GenerationStores;
  onFault: (what: string, error?: unknown) => void;
}

const FIRST: LiveGenerations = { 'chat-history': FIRST_GENERATION, 'user-chats': FIRST_GENERATION };

/** The views of a cluster for reading, and how far they have come. The chat log's end is read from the event store. */
export function openReadSide({ log, postgres, stores, onFault }: ReadSideOptions): ReadSide {
  const progress = followProgress({
    waiters: createProgress(),
    views: viewsSeen(postgres),
    head: () => log.head(),
    onFault,
  });
  const readers = createReaders(log, stores);
  return {
    progress,
    parked: parkedReader(postgres),
    live: async () => readers(await progress.live()),
    lastLive: () => readers(progress.lastLive() ?? FIRST),
  };
}

/** The same object for as long as the same generations are live. */
function createReaders(log: EventLog, stores: GenerationStores): (live: LiveGenerations) => Readers {
  let made: { live: LiveGenerations; readers: Readers } | null = null;
  return (live) => {
    const isSame = VIEW_GROUPS.every((group) => made?.live[group] === live[group]);
    if (!made || !isSame) made = { live, readers: readersOf(log, stores, live) };
    return made.readers;
  };
}

function readersOf(log: EventLog, stores: GenerationStores, live: LiveGenerations): Readers {
  const cassandra = stores.cassandra(live['chat-history']);
  const postgres = stores.postgres(live['user-chats']);
  return {
    chatHistory: chatHistoryReader(cassandra),
    chatLog: withTail(chatLogView(cassandra, log.epoch), chatLogReader(log)),
    members: membersReader(postgres),
    userChats: userChatsReader(postgres),
    users: usersReader(postgres),
  };
}

export function openQueries(
  { progress, parked, live, lastLive }: ReadSide,
  { log, commands, config }: { log: EventLog; commands: Commands; config: Config },
): Queries {
  const rest = {
    progress,
    parked,
    head: () => log.head(),
    epoch: log.epoch,
    access: (chatId: ChatId, userId: UserId) => commands.access(chatId, userId),
    clock: systemClock,
    userSearch: config.userSearch,
  };
  return createQueries(
    { ...lastLive(), ...rest },
    { now: async () => ({ ...(await live()), ...rest }), last: () => ({ ...lastLive(), ...rest }) },
  );
}
