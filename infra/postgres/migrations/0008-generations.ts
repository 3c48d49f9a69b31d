import type { Migration } from './migration.ts';

/**
 * Which generations of the views there are, and what is being done to them. The first is the tables that were there
 * before there were others, under the checkpoints that they had.
 */
export const GENERATIONS: Migration = {
  name: 'generations',
  statements: [
    `CREATE TABLE generations (
      grp text COLLATE "C" NOT NULL,
      generation integer NOT NULL,
      -- building, live, previous; dropping until its tables are gone, then dropped: no number comes twice
      state text NOT NULL,
      -- its tables and checkpoints are there
      ready boolean NOT NULL DEFAULT false,
      -- what reads the views waits for it too
      counted boolean NOT NULL DEFAULT false,
      events_per_second double precision,
      share double precision,
      yielding boolean NOT NULL DEFAULT false,
      changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      PRIMARY KEY (grp, generation)
    )`,
    `CREATE UNIQUE INDEX generations_one_of_each ON generations (grp, state)
      WHERE state IN ('building', 'live', 'previous')`,
    `INSERT INTO generations (grp, generation, state, ready)
      VALUES ('chat-history', 1, 'live', true), ('user-chats', 1, 'live', true)`,
    `CREATE TABLE projection_jobs (
      id text COLLATE "C" PRIMARY KEY,
      action text NOT NULL,
      name text NOT NULL,
      -- JSON: what was asked for
      asked text NOT NULL,
      state text NOT NULL DEFAULT 'running',
      phase text,
      goal bigint,
      -- JSON: how far it is
      told text NOT NULL DEFAULT '{}',
      cancelled boolean NOT NULL DEFAULT false,
      started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      ended_at timestamptz,
      result text,
      error text,
      driver text NOT NULL,
      term bigint NOT NULL DEFAULT 1,
      beat_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )`,
    `CREATE UNIQUE INDEX projection_jobs_running ON projection_jobs (action, name) WHERE state = 'running'`,
  ],
};
