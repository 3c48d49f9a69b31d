import { openPostgres, type PostgresOptions, type Session } from '../pool.ts';
import { MIGRATIONS } from './list.ts';
import type { Migration } from './migration.ts';

/** Any number, but the same for ever: whoever brings tables up to date holds this lock. */
const LOCK = 4_771_042_119;
/** A step may rewrite a large table, and another process may be at it. */
const STEP_TIMEOUT_MS = 10 * 60_000;

const BOOKKEEPING = `CREATE TABLE IF NOT EXISTS migrations (
  number integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT clock_timestamp())`;

/**
 * Brings the tables up to date: each step in a transaction of its own, one process at a time. Several may call at once.
 * Throws where the database was brought further by a younger version.
 */
export async function migrate(options: PostgresOptions, migrations: readonly Migration[] = MIGRATIONS): Promise<void> {
  const timeouts = {
    statementMs: STEP_TIMEOUT_MS,
    lockMs: STEP_TIMEOUT_MS,
    answerMs: 2 * STEP_TIMEOUT_MS,
    ...options.timeouts,
  };
  const postgres = openPostgres({ ...options, max: 1, timeouts });
  const exclusively = (work: (session: Session) => Promise<void>): Promise<void> =>
    postgres.transaction(async (session) => {
      await session.execute('SELECT pg_advisory_xact_lock($1)', [LOCK]);
      await work(session);
    });
  try {
    await exclusively(async (session) => {
      await session.execute(BOOKKEEPING);
      refuseStrangers(await applied(session), migrations);
    });
    for (const [index, migration] of migrations.entries()) {
      await exclusively((session) => apply(session, index + 1, migration));
    }
  } finally {
    await postgres.close();
  }
}

/** How many steps are still to be taken; makes nothing. Throws as `migrate` does. */
export async function pendingMigrations(session: Session): Promise<number> {
  const [found] = await session.query<{ there: boolean }>("SELECT to_regclass('migrations') IS NOT NULL AS there");
  const rows = found?.there ? await applied(session) : [];
  refuseStrangers(rows, MIGRATIONS);
  return MIGRATIONS.length - rows.length;
}

async function apply(session: Session, number: number, { name, statements }: Migration): Promise<void> {
  if ((await applied(session)).some((row) => row.number === number)) return;
  for (const statement of statements) await session.execute(statement);
  await session.execute('INSERT INTO migrations (number, name) VALUES ($1, $2)', [number, name]);
}

const applied = (session: Session): Promise<{ number: number; name: string }[]> =>
  session.query('SELECT number, name FROM migrations ORDER BY number');

function refuseStrangers(rows: readonly { number: number; name: string }[], known: readonly Migration[]): void {
  const stranger = rows.find(({ number, name }) => known[number - 1]?.name !== name);
  if (!stranger) return;
  throw new Error(`the database has migration ${stranger.number}, ${stranger.name}, which this version does not know`);
}
