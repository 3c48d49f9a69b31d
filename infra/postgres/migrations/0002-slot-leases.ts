import type { Migration } from './migration.ts';

/** Which gateways are alive, and who owns which recipient slot. */
export const SLOT_LEASES: Migration = {
  name: 'slot-leases',
  statements: [
    `CREATE TABLE gateways (
      id text COLLATE "C" PRIMARY KEY,
      url text NOT NULL,
      seen_at timestamptz NOT NULL
    ) WITH (fillfactor = 50)`,
    `CREATE TABLE slots (
      slot integer PRIMARY KEY,
      owner text,
      term bigint NOT NULL DEFAULT 0
    ) WITH (fillfactor = 50)`,
  ],
};
