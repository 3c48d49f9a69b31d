import { type LogPosition, StoreError } from '../../events/event-store.ts';
import { StaleOwner, type Step } from '../../projections/partitions/ports.ts';
import { moveCheckpoint } from './checkpoints.ts';
import { holding } from './failures.ts';
import type { LoadedRows } from './loaded.ts';
import type { Postgres } from './pool.ts';

/** How many rows of a partition are kept in memory between batches. */
const ROWS_KEPT_MAX = 20_000;

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
      try {
        await postgres.transaction(async (session) => {
          await moveCheckpoint(session, step); // alone: a stale owner must not even hold a lock on a row
          refuseOutdated(heldAt, step);
          await holding(() => Promise.all(all.flatMap((rows) => rows.store(session))));
        });
      } catch (error) {
        if (error instanceof StaleOwner) reset();
        else keptAt = heldAt; // the same step may be tried again
        throw error;
      }
      keptAt = step.to;
      for (const rows of all) rows.committed();
      if (all.reduce((sum, rows) => sum + rows.size(), 0) > keptMax) reset();
    },
  };
}

/** Another process has had the partition in between, and wrote rows that are held here as they were before. */
function refuseOutdated(heldAt: LogPosition, { claim, from }: Step): void {
  if (heldAt === from) return;
  const place = `${claim.group}, partition ${claim.partition}`;
  throw new StoreError('busy', `${place}: rows are held as of ${heldAt}, not ${from}: forget them and take it again`);
}
