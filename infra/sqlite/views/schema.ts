import { type Generation, VIEWS, type ViewName } from '../../../projections/runner/ports.ts';
import { CHAT_HISTORY_TABLES } from '../chat-history/tables.ts';
import type { Database } from '../database.ts';
import { MEMBERS_TABLES } from '../members/tables.ts';
import { USER_CHATS_TABLES } from '../user-chats/tables.ts';
import { USERS_TABLES } from '../users/tables.ts';
import { firstGenerations, GENERATIONS_TABLE } from './generations.ts';
import { INTERNING_TABLES } from './interning.ts';
import { JOBS_TABLE } from './job-rows.ts';
import { PARKED_TABLE } from './parking.ts';
import { createIndex, FIRST_GENERATION, missingIndexes, type TableSpec } from './tables.ts';

/** Raised with every change of the tables or of what a projector writes: older files are thrown away and built afresh. */
export const VIEWS_SCHEMA = 3;

export const TABLES: { readonly [V in ViewName]: readonly TableSpec[] } = {
  'chat-history': CHAT_HISTORY_TABLES,
  'user-chats': USER_CHATS_TABLES,
  members: MEMBERS_TABLES,
  users: USERS_TABLES,
};

const BOOKKEEPING = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE checkpoints (
    view TEXT NOT NULL, generation INTEGER NOT NULL, position INTEGER NOT NULL, paused INTEGER NOT NULL,
    PRIMARY KEY (view, generation)
  ) WITHOUT ROWID;
`;

export function createSchema(db: Database, epoch: string, { indexes } = { indexes: true }): void {
  db.transaction(() => {
    db.exec(BOOKKEEPING + GENERATIONS_TABLE + JOBS_TABLE + PARKED_TABLE + INTERNING_TABLES);
    const meta = db.prepare('INSERT INTO meta VALUES (?, ?)');
    meta.run('schema', String(VIEWS_SCHEMA));
    meta.run('epoch', epoch);
    firstGenerations(db, TABLES);
    if (indexes) for (const view of VIEWS) createIndexes(db, view, FIRST_GENERATION);
  });
}

/** The indexes that only readers need; one at a time: true where there was one to make. */
export function createNextIndex(db: Database, view: ViewName, generation: Generation): boolean {
  const [missing] = missingIndexes(db, TABLES[view], generation);
  if (!missing) return false;
  db.transaction(() => createIndex(db, missing.table, missing));
  return true;
}

function createIndexes(db: Database, view: ViewName, generation: Generation): void {
  for (const missing of missingIndexes(db, TABLES[view], generation)) createIndex(db, missing.table, missing);
}

/** Why the file cannot serve this log; null where it can. Throws where the file is no database. */
export function whyUnfit(db: Database, log: { epoch: string; head: number }): string | null {
  const count = db.prepare<{ tables: number }>('SELECT count(*) AS tables FROM sqlite_schema').get()?.tables ?? 0;
  if (count === 0) return 'it is empty';
  const tables = db.prepare("SELECT 1 FROM sqlite_schema WHERE name IN ('meta', 'checkpoints')").all();
  if (tables.length !== 2) return 'it holds no views';
  const meta = new Map(
    db
      .prepare<{ key: string; value: string }>('SELECT key, value FROM meta')
      .all()
      .map((row) => [row.key, row.value]),
  );
  if (meta.get('schema') !== String(VIEWS_SCHEMA)) return `its schema is ${meta.get('schema')}, not ${VIEWS_SCHEMA}`;
  if (meta.get('epoch') !== log.epoch) return 'the log was restored since';
  const { views, position } = db
    .prepare<{ views: number; position: number }>(
      'SELECT (SELECT count(*) FROM generations) AS views, (SELECT max(position) FROM checkpoints) AS position',
    )
    .get() ?? { views: 0, position: 0 };
  if (views !== VIEWS.length) return 'a view is missing';
  if (position > log.head) return 'it is ahead of the log';
  return null;
}
