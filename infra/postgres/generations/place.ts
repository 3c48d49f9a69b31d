import { StoreError } from '../../../events/event-store.ts';
import type { Target } from '../../../projections/generations/ports.ts';
import { MIGRATIONS } from '../migrations/list.ts';
import { openPostgres, type Postgres, type PostgresOptions } from '../pool.ts';

/** Of each generation but the first: the live one is read and filled by many, the others are filled. */
const CONNECTIONS_MAX = 6;
export const VIEW_TABLES = [
  'user_chats_chats',
  'user_chats_memberships',
  'members_spans',
  'members_frames',
  'users_users',
] as const;

/** SQLSTATEs of what is not there. */
const GONE = new Set(['42P01', '3F000']);

/** What a claim is checked and moved by. No more: a column that a window shows cannot be dropped. */
const WINDOW = 'grp, partition, position, term, moved_at';

/**
 * The tables of a generation of user chats, members and users lie in a schema of their own; those of the first where
 * everything else lies. Beside them is a window on the checkpoints, so that nothing that is meant for a generation that
 * was dropped can ever reach tables of another.
 */
const schemaOf = (generation: number): string => `generation_${generation}`;

export async function makeSchema(postgres: Postgres, { generation }: Target): Promise<void> {
  const schema = schemaOf(generation);
  await postgres.transaction(async (session) => {
    const [found] = await session.query('SELECT 1 FROM information_schema.schemata WHERE schema_name = $1', [schema]);
    if (found) return;
    const [main] = await session.query<{ name: string }>('SELECT quote_ident(current_schema()) AS name');
    await session.execute(`CREATE SCHEMA ${schema}`);
    await session.execute("SELECT set_config('search_path', $1, true)", [schema]);
    for (const { views, statements } of MIGRATIONS) {
      if (views) for (const statement of statements) await session.execute(statement);
    }
    await session.execute(`CREATE VIEW checkpoints AS SELECT ${WINDOW} FROM ${main?.name}.checkpoints`);
  });
}

export async function dropSchema(postgres: Postgres, { generation }: Target): Promise<void> {
  await postgres.execute(`DROP SCHEMA IF EXISTS ${schemaOf(generation)} CASCADE`);
}

/** The tables of the first generation are not in a schema of their own. */
export async function dropFirst(postgres: Postgres): Promise<void> {
  await postgres.execute(`DROP TABLE IF EXISTS ${VIEW_TABLES.join(', ')}`);
}

/** Connections that see one generation. What was dropped meanwhile is `unavailable`. */
export function openGeneration(options: PostgresOptions, generation: number): Postgres {
  const postgres = openPostgres({ ...options, max: CONNECTIONS_MAX, schema: schemaOf(generation) });
  return orGone(postgres, `generation ${generation} of the views`);
}

export function orGone(postgres: Postgres, what: string): Postgres {
  const tried = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      if (!GONE.has(code)) throw error;
      throw new StoreError('unavailable', `${what}: it is not there any more`, { cause: error });
    }
  };
  return {
    query: (statement, values) => tried(postgres.query(statement, values)),
    execute: (statement, values) => tried(postgres.execute(statement, values)),
    atomically: (statements) => tried(postgres.atomically(statements)),
    transaction: (work) => tried(postgres.transaction(work)),
    close: () => postgres.close(),
  };
}
