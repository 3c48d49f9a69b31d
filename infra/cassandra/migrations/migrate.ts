import { StoreError } from '../../../events/event-store.ts';
import { type Cassandra, readAll } from '../cassandra.ts';
import { isTemporary } from '../failures.ts';
import { intOf } from '../row.ts';
import { MIGRATIONS, type Migration } from './list.ts';
import { LOCK_TABLE, LOCK_TTL_S, type Lock, migrationLock } from './lock.ts';

const APPLIED_TABLE = `CREATE TABLE IF NOT EXISTS migrations
  (scope text, number int, name text, applied_at timestamp, PRIMARY KEY (scope, number))`;
const SCOPE = 'schema';

const LOOK_AGAIN_MS = 250;
/** Longer than a lock lasts whose holder died. */
const WAIT_MAX_MS = 2 * LOCK_TTL_S * 1_000;

export interface MigrateOptions {
  /** Names this process among those that start at the same time. */
  owner: string;
  lockTtlS?: number;
  migrations?: readonly Migration[];
}

/**
 * Brings the tables to what this program needs, where they are not: any number of processes may do so at once. Returns
 * the numbers of the migrations that this call ran. What a younger version has added stays as it is.
 */
export async function migrate(cassandra: Cassandra, options: MigrateOptions): Promise<number[]> {
  const { owner, lockTtlS = LOCK_TTL_S, migrations = MIGRATIONS } = options;
  await ensureTable(cassandra, 'migrations', APPLIED_TABLE);
  const missing = await notApplied(cassandra, migrations);
  if (missing.length === 0) return [];
  await ensureTable(cassandra, 'migration_lock', LOCK_TABLE);
  const lock = migrationLock(cassandra, { owner, ttlS: lockTtlS });
  await taken(lock);
  try {
    return await applyAll(cassandra, { lock, migrations });
  } finally {
    await lock.release();
  }
}

/** Looked for first: two nodes that are asked to make the same table at once make two of that name. */
async function ensureTable(cassandra: Cassandra, name: string, definition: string): Promise<void> {
  const found = await readAll(
    cassandra,
    'SELECT table_name FROM system_schema.tables WHERE keyspace_name = ? AND table_name = ?',
    [cassandra.keyspace, name],
  );
  if (found.length === 0) await cassandra.define(definition);
  await there(cassandra, name);
}

/** A table that another process is making is listed before it can be read. */
async function there(cassandra: Cassandra, name: string): Promise<void> {
  const deadline = performance.now() + WAIT_MAX_MS;
  for (;;) {
    try {
      await cassandra.read(`SELECT * FROM ${name}`, [], { rows: 1 });
      return;
    } catch (error) {
      const missing = error instanceof Error && /does not exist|unconfigured table/.test(error.message);
      if (!missing || performance.now() >= deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    }
  }
}

async function notApplied(cassandra: Cassandra, migrations: readonly Migration[]): Promise<Migration[]> {
  const rows = await readAll(cassandra, 'SELECT number FROM migrations WHERE scope = ?', [SCOPE]);
  const applied = new Set(rows.map((row) => intOf(row, 'number')));
  return migrations.filter(({ number }) => !applied.has(number));
}

async function taken(lock: Lock): Promise<void> {
  const deadline = performance.now() + WAIT_MAX_MS;
  while (!(await attempt(lock))) {
    if (performance.now() >= deadline) throw new StoreError('locked', 'another process migrates', { temporary: true });
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}

/** Processes that contend for it make one another's attempts fail: that says no more than a no. */
async function attempt(lock: Lock): Promise<boolean> {
  try {
    return await lock.take();
  } catch (error) {
    if (!isTemporary(error)) throw error;
    return false;
  }
}

async function applyAll(
  cassandra: Cassandra,
  { lock, migrations }: { lock: Lock; migrations: readonly Migration[] },
): Promise<number[]> {
  const done: number[] = [];
  for (const { number, name, statements } of await notApplied(cassandra, migrations)) {
    for (const statement of statements) {
      if (!(await lock.renew())) throw new StoreError('locked', 'the lock ran out', { temporary: true });
      await cassandra.define(statement);
    }
    await cassandra.write([
      {
        query: 'INSERT INTO migrations (scope, number, name, applied_at) VALUES (?, ?, ?, ?)',
        params: [SCOPE, number, name, Date.now()],
      },
    ]);
    done.push(number);
  }
  return done;
}
