import { existsSync } from 'node:fs';
import type { StoredCredential } from '../../../gateway/auth/ports.ts';
import { type Config, isCluster } from '../../../infra/config.ts';
import { readCredentials } from '../../../infra/sqlite/accounts/credentials.ts';
import { dataFolderPaths } from '../../data-folder.ts';

/** The credentials of all users, an object a line in the order of their ids; of a data folder or of a cluster. */
export async function accountLines(config: Config): Promise<string[]> {
  const lines: string[] = [];
  for await (const page of isCluster(config) ? ofCluster(config.postgresUrl) : ofFolder(config.data))
    lines.push(...page.map((credential) => JSON.stringify(credential)));
  return lines;
}

export const credentialsOf = (text: string): StoredCredential[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as StoredCredential);

async function* ofFolder(data: string): AsyncGenerator<StoredCredential[]> {
  const { accounts } = dataFolderPaths(data);
  if (existsSync(accounts)) yield* readCredentials(accounts);
}

async function* ofCluster(url: string): AsyncGenerator<StoredCredential[]> {
  const { migrate } = await import('../../../infra/postgres/migrations/migrate.ts');
  const { openPostgres } = await import('../../../infra/postgres/pool.ts');
  const { readCredentials: readAll } = await import('../../../infra/postgres/accounts/credentials.ts');
  const connection = { url, applicationName: 'hindsight backup' };
  await migrate(connection);
  const postgres = openPostgres(connection);
  try {
    yield* readAll(postgres);
  } finally {
    await postgres.close();
  }
}
