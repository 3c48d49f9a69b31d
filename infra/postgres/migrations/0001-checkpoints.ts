import type { Migration } from './migration.ts';

/** Rows that are written many times a second, in place: pages keep room, and no index holds what changes. */
export const CHECKPOINTS: Migration = {
  name: 'checkpoints',
  statements: [
    `CREATE TABLE checkpoints (
      grp text COLLATE "C" NOT NULL,
      partition integer NOT NULL,
      position bigint NOT NULL DEFAULT 0,
      term bigint NOT NULL DEFAULT 0,
      owner text NOT NULL DEFAULT '',
      -- long ago: what nobody has ever claimed is free at once
      moved_at timestamptz NOT NULL DEFAULT 'epoch',
      paused boolean NOT NULL DEFAULT false,
      PRIMARY KEY (grp, partition)
    ) WITH (fillfactor = 20)`,
    `CREATE TABLE parked (
      grp text COLLATE "C" NOT NULL,
      key text COLLATE "C" NOT NULL,
      partition integer NOT NULL,
      stream text NOT NULL,
      revision bigint NOT NULL,
      position bigint NOT NULL,
      type text NOT NULL,
      error text NOT NULL,
      waiting bigint NOT NULL DEFAULT 0,
      parked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      PRIMARY KEY (grp, key)
    )`,
  ],
};
