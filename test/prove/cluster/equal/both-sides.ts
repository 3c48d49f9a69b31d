import { openStores } from '../../../../bin/cluster/generations/stores.ts';
import { reachCassandra } from '../../../../bin/cluster/reach-server.ts';
import { openReadSide } from '../../../../bin/cluster/read-side.ts';
import { dataFolderPaths } from '../../../../bin/data-folder.ts';
import type { MessageLookup } from '../../../../commands/index.ts';
import type { EventLog } from '../../../../events/event-store.ts';
import { encodePosition, parsePosition } from '../../../../events/position.ts';
import type { Cassandra } from '../../../../infra/cassandra/cassandra.ts';
import { messageLookup } from '../../../../infra/cassandra/message-lookup/lookup.ts';
import { isCluster, loadConfig } from '../../../../infra/config.ts';
import { openEventStoreDb } from '../../../../infra/eventstoredb/event-store.ts';
import { openPostgres, type Postgres } from '../../../../infra/postgres/pool.ts';
import type { FollowedProgress } from '../../../../infra/postgres/progress.ts';
import { type Database, openDatabase } from '../../../../infra/sqlite/database.ts';
import { openEventLog } from '../../../../infra/sqlite/event-store/index.ts';
import { openViews } from '../../../../infra/sqlite/views/open-views.ts';
import { chatLogReader } from '../../../../queries/chat-log/log-reader.ts';
import { nameLiveTables } from '../../../support/live-tables.ts';
import { ensure } from '../../part.ts';
import type { ViewReaders } from './compare.ts';
import type { Positions } from './positions.ts';

export interface EmbeddedSide {
  readonly log: EventLog;
  readonly db: Database;
  readonly views: ViewReaders;
  readonly lookup: MessageLookup;
  close(): Promise<void>;
}

/** A data folder, with or without a server beside it. */
export async function openEmbedded(data: string): Promise<EmbeddedSide> {
  const folder = dataFolderPaths(data);
  const log = await openEventLog({ file: folder.events });
  const db = await openDatabase({ file: folder.views, synchronous: 'normal', readOnly: true });
  nameLiveTables(db);
  const { lookup, close, ...views } = openViews(folder.views);
  return {
    log,
    db,
    lookup,
    views: { ...views, chatLog: chatLogReader(log) },
    async close() {
      close();
      db.close();
      await log.close();
    },
  };
}

export interface ClusterSide {
  readonly log: EventLog;
  readonly postgres: Postgres;
  readonly cassandra: Cassandra;
  readonly views: ViewReaders;
  readonly lookup: MessageLookup;
  readonly progress: FollowedProgress;
  close(): Promise<void>;
}

/** `env`: the settings of the cluster, as a process of it is given them. */
export async function openCluster(env: Record<string, string>): Promise<ClusterSide> {
  const { config } = loadConfig({}, env);
  ensure(isCluster(config), 'the settings are not those of a cluster');
  const fail = (error: Error): never => {
    throw error;
  };
  const quiet = (): void => undefined;
  const postgresOptions = { url: config.postgresUrl, applicationName: 'prove' };
  const postgres = openPostgres(postgresOptions);
  const cassandra = await reachCassandra({ config, processId: 'prove', onClose: quiet, onFatal: fail, fault: quiet });
  const log = await openEventStoreDb({ url: config.eventstoreUrl, heartbeat: null });
  const stores = openStores({ postgres, postgresOptions, cassandra });
  const { live, progress } = openReadSide({ log, postgres, stores, onFault: quiet });
  const generations = await progress.live();
  const history = stores.cassandra(generations['chat-history']);
  return {
    log,
    postgres: stores.postgres(generations['user-chats']),
    cassandra: history,
    views: await live(),
    progress,
    lookup: messageLookup(history),
    async close() {
      await progress.close();
      await stores.close();
      await log.close();
      await cassandra.close();
      await postgres.close();
    },
  };
}

/** The embedded views, saying where the cluster has what they say. */
export function asInCluster({ views, log }: EmbeddedSide, positions: Positions, epoch: string): ViewReaders {
  const place = (position: string): string => {
    const parsed = parsePosition(position);
    ensure(parsed?.epoch === log.epoch, `${position} is no position of the embedded log`);
    return encodePosition(epoch, positions.inCluster(parsed.position));
  };
  return {
    ...views,
    chatLog: {
      ...views.chatLog,
      async events(chatId, page) {
        const events = await views.chatLog.events(chatId, page);
        return events.map((event) => ({ ...event, position: place(event.position) }));
      },
    },
    userChats: {
      ...views.userChats,
      async chatsOf(userId, { before, ...page }) {
        const from = before !== undefined && { before: positions.inEmbedded(before) };
        const rows = await views.userChats.chatsOf(userId, { ...page, ...from });
        return rows.map((row) => ({
          ...row,
          headPosition: positions.inCluster(row.headPosition),
          orderPosition: positions.inCluster(row.orderPosition),
        }));
      },
    },
  };
}
