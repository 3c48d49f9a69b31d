import type { Migration } from './migration.ts';

/** What can be folded again at any time, kept so that it need not be. */
export const WORKING_STATE: Migration = {
  name: 'working-state',
  statements: [
    `CREATE TABLE snapshots (
      stream text COLLATE "C" PRIMARY KEY,
      revision bigint NOT NULL,
      state text NOT NULL
    )`,
    `CREATE TABLE chat_slots (
      chat_id text COLLATE "C" PRIMARY KEY,
      head_seq bigint NOT NULL,
      -- JSON list of [slot, members]
      counts text NOT NULL
    ) WITH (fillfactor = 70)`,
  ],
};
