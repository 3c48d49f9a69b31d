import { type LogPosition, StoreError } from '../../events/event-store.ts';
import { StaleOwner, type Step } from '../../projections/partitions/ports.ts';
import { isOver, moveCheckpoint, moveOrFail } from './checkpoints.ts';
import { holding } from './failures.ts';
import type { LoadedRows } from './loaded.ts';
import type { Bound, Postgres } from './pool.ts';

/** How many rows of a partition are kept in memory between batches: about 300 bytes each. */
const ROWS_KEPT_MAX = 32_000;

export interface FencedRows {
  commit(step: Step): Promise<void>;
  reset(): void;
}

/**
 * Rows in memory, written in one transaction with the checkpoint that guards them. They are kept from batch to batch:
 * while the checkpoint is where this process left it, nobody else has written them.
 */
export function fencedRows(
  postgres: Postgres,
  all: readonly LoadedRows[],
  keptMax: number = ROWS_KEPT_MAX,
): FencedRows {
  /** Up to where what is kept is the database's; null where nothing is. */
  let keptAt: LogPosition | null = null;
  const reset = () => {
    for (const rows of all) rows.forget();
    keptAt = null;
  };
  return {
    reset,
    async commit(step) {
      const heldAt = keptAt ?? step.from;
      keptAt = heldAt; // also where it fails: the same step may be tried again
      if (heldAt !== step.from) await refuseOutdated(postgres, heldAt, step);
      try {
        await holding(() => write(postgres, step, all));
      } catch (error) {
        if (error instanceof StaleOwner) reset();
        throw error;
      }
      keptAt = step.to;
      for (const rows of all) rows.committed();
      if (all.reduce((sum, rows) => sum + rows.size(), 0) > keptMax) reset();
    },
  };
}

async function write(postgres: Postgres, step: Step, all: readonly LoadedRows[]): Promise<void> {
  try {
    await postgres.atomically(statements(step, all));
  } catch (error) {
    throw isOver(error) ? new StaleOwner(step.claim) : error;
  }
}

function* statements(step: Step, all: readonly LoadedRows[]): Generator<Bound> {
  yield moveOrFail(step);
  for (const rows of all) yield* rows.store();
}

/** Another process has had the partition in between, and wrote rows that are held here as they were before. */
async function refuseOutdated(postgres: Postgres, heldAt: LogPosition, { claim, from }: Step): Promise<never> {
  await moveCheckpoint(postgres, { claim, from, to: from });
  const place = `${claim.group}, partition ${claim.partition}`;
  throw new StoreError('busy', `${place}: rows are held as of ${heldAt}, not ${from}: forget them and take it again`);
}
