import { afterAll, beforeAll } from 'vitest';
import { migrate } from '../../../infra/postgres/migrations/migrate.ts';
import { openPostgres, type Postgres, type PostgresOptions } from '../../../infra/postgres/pool.ts';
import { freshDatabase } from '../../support/servers.ts';

export interface TestDatabase {
  readonly url: string;
  open(options?: Partial<PostgresOptions>): Postgres;
  drop(): Promise<void>;
}

/** A database of its own with all tables, unless it is to be `empty`. Dropping it closes what was opened. */
export async function createDatabase(options: { empty?: boolean } = {}): Promise<TestDatabase> {
  const { url, drop } = await freshDatabase();
  if (options.empty !== true) await migrate({ url, applicationName: 'tests' });
  const opened: Postgres[] = [];
  return {
    url,
    open(more = {}) {
      const postgres = openPostgres({ url, applicationName: 'tests', ...more });
      opened.push(postgres);
      return postgres;
    },
    async drop() {
      await Promise.all(opened.map((postgres) => postgres.close()));
      await drop();
    },
  };
}

/** One database for the tests of a file. */
export function fileDatabase(): Pick<TestDatabase, 'open'> {
  let database: TestDatabase | undefined;
  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(async () => database?.drop());
  return {
    open(options) {
      if (!database) throw new Error('the database is made before the first test');
      return database.open(options);
    },
  };
}
