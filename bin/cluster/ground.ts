import type { ClusterConfig } from '../../infra/config.ts';
import { openEventStoreDb } from '../../infra/eventstoredb/event-store.ts';
import { createAccounts } from '../../infra/postgres/accounts/accounts.ts';
import { loadSigningKey } from '../../infra/postgres/accounts/signing-key.ts';
import { migrate } from '../../infra/postgres/migrations/migrate.ts';
import { openPostgres, type Postgres } from '../../infra/postgres/pool.ts';
import type { Secrets } from '../open-auth.ts';
import type { OpenLog } from '../write-side.ts';
import { openClusterLog } from './open-log.ts';
import { postgresOptions } from './reach-server.ts';

/** A cluster as the verbs of the command line work on it: beside its processes, or without any. */
export interface ClusterGround {
  readonly log: OpenLog;
  readonly postgres: Postgres;
  secrets(): Promise<Secrets>;
  close(): Promise<void>;
}

export async function openGround(
  config: ClusterConfig,
  onFault: (what: string, error?: unknown) => void,
): Promise<ClusterGround> {
  const options = postgresOptions(config, { name: 'command line', fault: onFault });
  await migrate(options);
  const store = await openEventStoreDb({ url: config.eventstoreUrl, heartbeat: null, onFault });
  const postgres = openPostgres(options);
  const log = openClusterLog({ store, postgres, onFault });
  return {
    log,
    postgres,
    secrets: () => openClusterSecrets(postgres),
    async close() {
      await log.close();
      await store.close();
      await postgres.close();
    },
  };
}

/** Shared by all processes. Closing the accounts leaves the connections to whoever opened them. */
export async function openClusterSecrets(postgres: Postgres): Promise<Secrets> {
  const accounts = createAccounts(postgres);
  return { accounts: { ...accounts, close: async () => undefined }, key: await loadSigningKey(postgres) };
}
