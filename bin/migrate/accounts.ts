import { existsSync } from 'node:fs';
import type { UserId } from '../../events/ids.ts';
import { copyCredentials } from '../../infra/postgres/accounts/credentials.ts';
import { migrate as prepareTables } from '../../infra/postgres/migrations/migrate.ts';
import { openPostgres } from '../../infra/postgres/pool.ts';
import { readCredentials } from '../../infra/sqlite/accounts/credentials.ts';

export interface MigratedAccounts {
  copied: number;
  already: number;
  /** Users who have another password there, or one by another registration. */
  differences: UserId[];
}

/**
 * Copies the password hashes, so that users sign in as before. Sessions stay behind: everybody signs in once more, with
 * a key that the cluster makes for itself, and no session that ends in one place lives on in the other.
 */
export async function migrateAccounts({ from, to }: { from: string; to: string }): Promise<MigratedAccounts> {
  const report: MigratedAccounts = { copied: 0, already: 0, differences: [] };
  if (!existsSync(from)) return report;
  const connection = { url: to, applicationName: 'hindsight migrate' };
  await prepareTables(connection);
  const postgres = openPostgres(connection);
  try {
    for await (const credentials of readCredentials(from)) {
      const { copied, different } = await copyCredentials(postgres, credentials);
      report.copied += copied;
      report.already += credentials.length - copied - different.length;
      report.differences.push(...different);
    }
    return report;
  } finally {
    await postgres.close();
  }
}
