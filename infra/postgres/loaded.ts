import type { Bound } from './pool.ts';

/**
 * The rows of one view that are in memory: what batches need is loaded into them before, what batches changed is
 * written out of them after. They stay there from batch to batch, as only the owner of the partition writes them.
 */
export interface LoadedRows {
  /** How many there are. */
  size(): number;
  /** What writes everything that was flushed. */
  store(): Iterable<Bound>;
  /** What was flushed is in the database. */
  committed(): void;
  /** Forgets everything. */
  forget(): void;
}

/** Asked for a row that was not loaded: whoever prepares batches and whoever folds them do not agree. */
export class NotLoaded extends Error {
  readonly code = 'not-loaded';
  constructor(what: string) {
    super(`${what} was not loaded before its batch`);
    this.name = 'NotLoaded';
  }
}
