import { StoreError } from '../../events/event-store.ts';
import { type Database, openDatabase } from '../../infra/sqlite/database.ts';
import { rowStore } from '../../infra/sqlite/views/rows.ts';
import { createSchema } from '../../infra/sqlite/views/schema.ts';
import { FIRST_GENERATION } from '../../infra/sqlite/views/tables.ts';
import { type Checkpoints, type Claim, type PartitionRows, StaleOwner } from '../../projections/partitions/ports.ts';
import { dumpViews } from '../projections/dump.ts';

/** How the next commit goes: as it should, or it fails without having happened, or after it has. */
export type CommitFault = 'none' | 'before' | 'after';

export interface SharedViews {
  /** The rows of one claim. */
  open(claim: Claim): PartitionRows;
  /** Every row of every view as text. */
  dump(): Promise<Record<string, string[]>>;
  close(): void;
}

interface Options {
  file: string;
  checkpoints: Checkpoints;
  /** Asked at each commit, before the checkpoint moves. */
  onCommit?: (claim: Claim) => CommitFault | Promise<CommitFault>;
}

/**
 * The rows of a partition in SQLite, written by the embedded writers: what a cluster's database is to its projectors.
 * One batch at a time has the file, from its load to its commit.
 */
export async function sharedViews({ file, checkpoints, onCommit = () => 'none' }: Options): Promise<SharedViews> {
  const db = await openDatabase({ file, synchronous: 'off' });
  createSchema(db, 'shared');
  const turns = createTurns(db);

  function open(claim: Claim): PartitionRows {
    const store = rowStore(db);
    let turn: Turn | null = null;
    const reset = (): void => {
      turn?.end('ROLLBACK');
      turn = null;
      store.reset();
    };
    return {
      group: claim.group as PartitionRows['group'],
      writer: (view) => store.writer(view, FIRST_GENERATION),
      async load() {
        turn ??= await turns.next();
        const stands = (await checkpoints.list([claim.group])).find(({ partition }) => partition === claim.partition);
        if (stands?.term !== claim.term) throw new StaleOwner(claim);
      },
      async commit(step) {
        const fault = await onCommit(claim);
        if (fault === 'before') throw new StoreError('unavailable', 'failed on demand, before the commit');
        await checkpoints.move(step);
        turn?.end('COMMIT');
        turn = null;
        if (fault === 'after') throw new StoreError('unknown', 'failed on demand, after the commit');
      },
      reset,
      close: async () => reset(),
    };
  }

  return {
    open,
    async dump() {
      const { checkpoints: _, ...rows } = await dumpViews(file);
      return rows;
    },
    close: () => db.close(),
  };
}

interface Turn {
  end(how: 'COMMIT' | 'ROLLBACK'): void;
}

/** Transactions on one connection, each after the other. */
function createTurns(db: Database): { next(): Promise<Turn> } {
  let last: Promise<void> = Promise.resolve();
  return {
    async next() {
      const before = last;
      let done: () => void = () => undefined;
      last = new Promise((resolve) => {
        done = resolve;
      });
      await before;
      db.exec('BEGIN IMMEDIATE');
      return {
        end(how) {
          db.exec(how);
          done();
        },
      };
    },
  };
}
