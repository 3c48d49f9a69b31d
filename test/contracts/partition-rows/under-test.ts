import type { Checkpoints, PartitionRows, ViewGroup } from '../../../projections/partitions/ports.ts';

/** Empty tables of one group, and the checkpoints that guard them. */
export interface RowsUnderTest {
  readonly group: ViewGroup;
  readonly checkpoints: Checkpoints;
  /** Rows of partition 0, as another process would open them. */
  open(): Promise<PartitionRows>;
  /** The same, but its first commit rejects as if its process had ended: right before the checkpoint would have moved. */
  openToCrash(): Promise<PartitionRows>;
  /** Every row of every table as text: equal where the tables hold the same, however they came to. */
  dump(): Promise<Record<string, string[]>>;
  close(): Promise<void>;
}
