import { join } from 'node:path';
import { takeBackup } from '../../../bin/cli/backup/take.ts';
import { NO_STREAM } from '../../../events/event-store.ts';
import { openSqliteEventStore, type SqliteEventStore } from '../../../infra/sqlite/event-store/index.ts';
import { appended, newEvents } from '../../contracts/event-store/events.ts';

export interface BackedUp {
  store: SqliteEventStore;
  file: string;
  out: string;
  take(): ReturnType<typeof takeBackup>;
  append(stream: string, count: number): Promise<void>;
}

const ACCOUNTS = ['{"userId":"U","hash":"H","enrolledBy":"C","changedBy":null}'];

/** A log in a folder, and where it is backed up to, in segments of a page. */
export async function openBackedUp(folder: string, clock?: () => number): Promise<BackedUp> {
  const file = join(folder, 'events.db');
  const out = join(folder, 'backup');
  const store = await openSqliteEventStore({ file, ...(clock && { clock }) });
  const heads = new Map<string, number>();
  return {
    store,
    file,
    out,
    take: () => takeBackup(out, { log: store, accounts: async () => ACCOUNTS, segmentBytes: 1 }),
    async append(stream, count) {
      const { revision } = await appended(store.append(stream, heads.get(stream) ?? NO_STREAM, newEvents(count)));
      heads.set(stream, revision);
    },
  };
}
