import type { ClusterConfig } from '../../infra/config.ts';
import type { EventStoreDbStore } from '../../infra/eventstoredb/event-store.ts';
import { openEventLog } from '../../infra/sqlite/event-store/index.ts';
import { type MigratedAccounts, migrateAccounts } from './accounts.ts';
import { type Migrated, migrateLog } from './migrate.ts';

export interface CopyIntoCluster {
  /** The files of a data folder. */
  readonly events: string;
  readonly accounts: string;
  readonly target: EventStoreDbStore;
  readonly config: ClusterConfig;
  readonly onProgress: (phase: string, events: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** The log of a data folder through its end as it is now, and the passwords beside it. `grown`: the log has gone on meanwhile. */
export async function copyIntoCluster(
  options: CopyIntoCluster,
): Promise<{ log: Migrated; accounts: MigratedAccounts; grown: boolean }> {
  const { events, accounts, target, config, onProgress, signal } = options;
  const source = await openEventLog({ file: events });
  try {
    const until = await source.head();
    const log = await migrateLog({
      source,
      target,
      until,
      // Positions of such a log have no gaps, so its last one says how many events there are.
      onProgress: (phase, done) => onProgress(phase, done, until),
      ...(signal && { signal }),
    });
    const grown = (await source.head()) !== until;
    return { log, accounts: await migrateAccounts({ from: accounts, to: config.postgresUrl }), grown };
  } finally {
    await source.close();
  }
}
