import type { Migration } from './migration.ts';

/** Not derived from the log: this is backed up. Times are milliseconds since 1970, as the port has them. */
export const ACCOUNTS: Migration = {
  name: 'accounts',
  statements: [
    `CREATE TABLE credentials (
      user_id text COLLATE "C" PRIMARY KEY,
      hash text NOT NULL,
      enrolled_by text COLLATE "C" NOT NULL UNIQUE,
      changed_by text
    )`,
    `CREATE TABLE sessions (
      session_id text COLLATE "C" PRIMARY KEY,
      user_id text COLLATE "C" NOT NULL,
      opened_at bigint NOT NULL,
      refresh_until bigint NOT NULL,
      ended_at bigint
    )`,
    'CREATE INDEX sessions_of_user ON sessions (user_id) WHERE ended_at IS NULL',
    'CREATE INDEX sessions_by_expiry ON sessions (refresh_until)',
    `CREATE TABLE refresh_tokens (
      hash bytea PRIMARY KEY,
      session_id text COLLATE "C" NOT NULL REFERENCES sessions ON DELETE CASCADE,
      used_at bigint
    )`,
    'CREATE INDEX tokens_of_session ON refresh_tokens (session_id)',
    `CREATE TABLE session_ends (
      seq bigint PRIMARY KEY,
      session_id text NOT NULL,
      at bigint NOT NULL
    )`,
    'CREATE INDEX session_ends_by_time ON session_ends (at)',
    // A sequence would hand out numbers that become visible out of order; whoever counts here waits for the one before.
    'CREATE TABLE session_ends_count (one boolean PRIMARY KEY DEFAULT true CHECK (one), last bigint NOT NULL)',
    'INSERT INTO session_ends_count (last) VALUES (0)',
    `CREATE TABLE signing_keys (
      purpose text PRIMARY KEY,
      pem text NOT NULL,
      made_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )`,
  ],
};
