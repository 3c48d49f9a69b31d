import type { Cassandra } from '../../../infra/cassandra/cassandra.ts';
import { atGeneration, dropGeneration, makeGeneration } from '../../../infra/cassandra/generations.ts';
import {
  dropFirst,
  dropSchema,
  makeSchema,
  openGeneration,
  orGone,
} from '../../../infra/postgres/generations/place.ts';
import { openPostgres, type Postgres, type PostgresOptions } from '../../../infra/postgres/pool.ts';
import type { Places } from '../../../projections/generations/ports.ts';
import { type Checkpoints, FIRST_GENERATION, groupName } from '../../../projections/partitions/ports.ts';

/** The stores as one generation of views sees them. Nothing is connected before it is used. */
export interface GenerationStores {
  /** Of user chats, members and users. */
  postgres(generation: number): Postgres;
  /** Of chat history. */
  cassandra(generation: number): Cassandra;
  close(): Promise<void>;
}

export interface StoresOptions {
  readonly postgres: Postgres;
  readonly postgresOptions: PostgresOptions;
  readonly cassandra: Cassandra;
}

export function openStores({ postgres, postgresOptions, cassandra }: StoresOptions): GenerationStores {
  const pools = new Map<number, Postgres>([
    [FIRST_GENERATION, orGone(postgres, `generation ${FIRST_GENERATION} of the views`)],
  ]);
  const keyspaces = new Map<number, Cassandra>();
  return {
    postgres: (generation) => kept(pools, generation, () => openGeneration(postgresOptions, generation)),
    cassandra: (generation) => kept(keyspaces, generation, () => atGeneration(cassandra, generation)),
    async close() {
      for (const [generation, pool] of pools) if (generation !== FIRST_GENERATION) await pool.close();
    },
  };
}

function kept<T>(all: Map<number, T>, generation: number, open: () => T): T {
  const known = all.get(generation) ?? open();
  all.set(generation, known);
  return known;
}

export interface PlacesOptions extends StoresOptions {
  readonly checkpoints: Checkpoints;
  readonly partitions: number;
  /** Names this process. */
  readonly owner: string;
}

/** Tables take longer to make than a statement may last. */
const DEFINE_TIMEOUT_MS = 120_000;

export function createPlaces({ postgresOptions, cassandra, checkpoints, partitions, owner }: PlacesOptions): Places {
  const defining = async (work: (postgres: Postgres) => Promise<void>): Promise<void> => {
    const timeouts = { ...postgresOptions.timeouts, statementMs: DEFINE_TIMEOUT_MS, lockMs: DEFINE_TIMEOUT_MS };
    const postgres = openPostgres({ ...postgresOptions, max: 1, timeouts });
    try {
      await work(postgres);
    } finally {
      await postgres.close();
    }
  };
  return {
    async prepare(target) {
      if (target.group === 'user-chats') await defining((postgres) => makeSchema(postgres, target));
      else await makeGeneration(cassandra, target.generation, owner);
      await checkpoints.prepare(groupName(target.group, target.generation), partitions);
    },
    async drop(target) {
      if (target.group === 'chat-history') return dropGeneration(cassandra, target.generation);
      await defining((postgres) =>
        target.generation === FIRST_GENERATION ? dropFirst(postgres) : dropSchema(postgres, target),
      );
    },
  };
}
