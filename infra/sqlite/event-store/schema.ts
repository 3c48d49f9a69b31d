import { StoreError } from '../../../events/event-store.ts';
import { randomEpoch } from '../../system/ids.ts';
import type { Database } from '../database.ts';

/** The shape of `events.db`. A newer program may read an older file, never the other way round. */
export const SCHEMA_VERSION = 1;

/** Every so many positions `clock` keeps the latest time recorded up to there. */
export const CLOCK_STRIDE = 1_000;

// Streams are interned: the index of (stream, revision) is what an append costs most.
// `clock` grows in both columns, so that a time is found by one descent and a scan of one stride.
const TABLES = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE streams (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    event_id BLOB NOT NULL,
    type TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    data TEXT NOT NULL,
    metadata TEXT NOT NULL,
    UNIQUE (stream, revision)
  ) STRICT;
  CREATE TABLE clock (
    recorded_max INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (recorded_max, position)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE snapshots (stream TEXT PRIMARY KEY, revision INTEGER NOT NULL, state TEXT NOT NULL) STRICT, WITHOUT ROWID;
`;

/** Makes the tables where the file is new, and checks that this program understands it. Returns the epoch. */
export function prepareSchema(database: Database): string {
  const epoch = database.transaction(() => {
    if (!hasSchema(database)) createSchema(database, randomEpoch());
    return readEpoch(database);
  });
  return epoch;
}

/** The epoch of a log that must be there already. */
export function readEpoch(database: Database): string {
  if (!hasSchema(database)) throw new StoreError('unavailable', `${database.file} holds no event log`);
  const version = Number(meta(database, 'schema'));
  if (version !== SCHEMA_VERSION) {
    throw new StoreError(
      'corrupt',
      `${database.file} has schema version ${version}, this program knows ${SCHEMA_VERSION}: use the version of Hindsight that wrote it, or a newer one`,
    );
  }
  return meta(database, 'epoch');
}

export function createSchema(database: Database, epoch: string): void {
  database.exec(TABLES);
  const insert = database.prepare('INSERT INTO meta (key, value) VALUES (?, ?)');
  insert.run('schema', String(SCHEMA_VERSION));
  insert.run('epoch', epoch);
}

function hasSchema(database: Database): boolean {
  return database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'meta'").get() !== undefined;
}

function meta(database: Database, key: string): string {
  const row = database.prepare<{ value: string }>('SELECT value FROM meta WHERE key = ?').get(key);
  if (!row) throw new StoreError('corrupt', `${database.file} has no ${key} in its table meta`);
  return row.value;
}
