import type { Database } from '../database.ts';

const SCHEMA_VERSION = 1;

const TABLES = `
  CREATE TABLE credentials (
    user_id TEXT PRIMARY KEY,
    hash TEXT NOT NULL,
    enrolled_by TEXT NOT NULL UNIQUE,
    changed_by TEXT
  ) STRICT;
  CREATE TABLE sessions (
    session_id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    refresh_until INTEGER NOT NULL,
    ended_at INTEGER
  ) STRICT;
  CREATE INDEX sessions_of_user ON sessions (user_id) WHERE ended_at IS NULL;
  CREATE INDEX sessions_by_expiry ON sessions (refresh_until);
  CREATE TABLE refresh_tokens (
    hash BLOB PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
    used_at INTEGER
  ) STRICT;
  CREATE INDEX tokens_of_session ON refresh_tokens (session_id);
  CREATE TABLE ends (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT;
`;

/** Makes the tables in a new file; refuses one that a younger version wrote. */
export function prepareAccounts(database: Database): void {
  database.transaction(() => {
    const row = database.prepare<{ user_version: number }>('PRAGMA user_version').get();
    const version = row?.user_version ?? 0;
    if (version === SCHEMA_VERSION) return;
    if (version > SCHEMA_VERSION) {
      throw new Error(`${database.file} was written by a newer version (schema ${version}, known ${SCHEMA_VERSION})`);
    }
    database.exec(TABLES);
    database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  });
}
