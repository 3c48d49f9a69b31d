import type { Cassandra, Params, Statement } from './cassandra.ts';
import { inLanes } from './lanes.ts';

/**
 * One batch holds so many rows of one partition, which the server takes as one mutation, and not much more text than
 * this. Measured, 30 rows a batch are two thirds as quick, 10 a quarter.
 */
const BATCH_ROWS = 100;
const BATCH_CHARACTERS = 64 * 1_024;
/** Batches on their way at once for one set of rows. */
const LANES = 128;

/** Rows to be written, gathered by partition. */
export interface PendingRows {
  /** `partition` names the table and its partition key. */
  add(partition: string, row: Statement): void;
  readonly size: number;
  /** Writes all, in any order. Rejects with the first failure, when nothing is on its way any more. */
  write(cassandra: Cassandra): Promise<void>;
  clear(): void;
}

interface Open {
  rows: Statement[];
  characters: number;
}

export function pendingRows(): PendingRows {
  const open = new Map<string, Open>();
  let batches: Statement[][] = [];
  let size = 0;
  return {
    add(partition, row) {
      const characters = charactersOf(row.params);
      let batch = open.get(partition);
      if (!batch || batch.rows.length === BATCH_ROWS || batch.characters + characters > BATCH_CHARACTERS) {
        batch = { rows: [], characters: 0 };
        open.set(partition, batch);
        batches.push(batch.rows);
      }
      batch.rows.push(row);
      batch.characters += characters;
      size += 1;
    },
    get size() {
      return size;
    },
    write: (cassandra) => inLanes(batches, LANES, (batch) => cassandra.write(batch)),
    clear() {
      open.clear();
      batches = [];
      size = 0;
    },
  };
}

function charactersOf(params: Params): number {
  let sum = 0;
  for (const value of params) if (typeof value === 'string') sum += value.length;
  return sum;
}
