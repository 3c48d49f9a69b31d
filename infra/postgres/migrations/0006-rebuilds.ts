import type { Migration } from './migration.ts';

/** What a rebuild leaves behind: how often a group began anew, and from where on its rows are whole again. */
export const REBUILDS: Migration = {
  name: 'rebuilds',
  statements: [
    `ALTER TABLE checkpoints
      ADD COLUMN generation bigint NOT NULL DEFAULT 0,
      -- the group is not read where a partition's position is less
      ADD COLUMN rebuilding_until bigint NOT NULL DEFAULT 0`,
  ],
};
