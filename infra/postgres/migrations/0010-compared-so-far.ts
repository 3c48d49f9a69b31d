import type { Migration } from './migration.ts';

/** A comparison of views goes on behind what it has compared, by whomever. */
export const COMPARED_SO_FAR: Migration = {
  name: 'compared so far',
  // JSON, of a job that is running.
  statements: ['ALTER TABLE projection_jobs ADD COLUMN compared text'],
};
