import type { Migration } from './migration.ts';

/** What an operator has asked to be tried again, and what was tried. */
export const ATTEMPTS: Migration = {
  name: 'attempts',
  statements: [
    `ALTER TABLE parked ADD COLUMN asked bigint NOT NULL DEFAULT 0, ADD COLUMN tried bigint NOT NULL DEFAULT 0`,
  ],
};
