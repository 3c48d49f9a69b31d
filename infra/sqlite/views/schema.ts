import { type Generation, VIEWS, type ViewName } from '../../../projections/runner/ports.ts';
import { CHAT_HISTORY_TABLES } from '../chat-history/tables.ts';
import type { Database } from '../database.ts';
import { MEMBERS_TABLES } from '../members/tables.ts';
import { USER_CHATS_TABLES } from '../user-chats/tables.ts';
import { USERS_TABLES } from '../users/tables.ts';
import { firstGenerations, GENERATIONS_TABLE, generationRows } from './generations.ts';
import { INTERNING_TABLES } from './interning.ts';
import { JOBS_TABLE } from './job-rows.ts';
import { PARKED_TABLE } from './parking.ts';
import { createIndex, FIRST_GENERATION, missingIndexes, type TableSpec, tableName } from './tables.ts';

/** Raised with every change of the tables or of what a projector writes: older files are thrown away and built afresh. */
export const VIEWS_SCHEMA = 3;

export const TABLES: { readonly [V in ViewName]: readonly TableSpec[] } = {
  'chat-history': CHAT_HISTORY_TABLES,
  'user-chats': USER_CHATS_TABLES,
  members: MEMBERS_TABLES,
  users: USERS_TABLES,
};

const BOOKKEEPING = `
  ${GENERATIONS_TABLE}
  ${JOBS_TABLE}
  ${PARKED_TABLE}
  ${INTERNING_TABLES}
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE checkpoints (
    view TEXT NOT NULL, generation INTEGER NOT NULL, position INTEGER NOT NULL, paused INTEGER NOT NULL,
    PRIMARY KEY (view, generation)
  ) WITHOUT ROWID;
`;
const BOOKS = [...BOOKKEEPING.matchAll(/CREATE TABLE (\w+)/g)].map(([, name = '']) => name);

export function createSchema(db: Database, epoch: string, { indexes } = { indexes: true }): void {
  db.transaction(() => {
    db.exec(BOOKKEEPING);
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
  const found = db.prepare<{ name: string }>("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  if (found.length === 0) return 'it is empty';
  const there = new Set(found.map(({ name }) => name));
  if (!there.has('meta')) return 'it holds no views';
  const meta = new Map(
    db
      .prepare<{ key: string; value: string }>('SELECT key, value FROM meta')
      .all()
      .map((row) => [row.key, row.value]),
  );
  if (meta.get('schema') !== String(VIEWS_SCHEMA)) return `its schema is ${meta.get('schema')}, not ${VIEWS_SCHEMA}`;
  if (meta.get('epoch') !== log.epoch) return 'the log was restored since';
  const lost = BOOKS.find((name) => !there.has(name));
  if (lost !== undefined) return `its table ${lost} is missing`;
  const { position } = db.prepare<{ position: number }>('SELECT max(position) AS position FROM checkpoints').get() ?? {
    position: 0,
  };
  if (position > log.head) return 'it is ahead of the log';
  return whyIncomplete(db, there);
}

/** What the generations that are read or fed lack, if anything: another program's hand was in the file. */
function whyIncomplete(db: Database, there: ReadonlySet<string>): string | null {
  const checkpoint = db.prepare('SELECT 1 FROM checkpoints WHERE view = ? AND generation = ?');
  const listed = db.prepare<{ view: string }>('SELECT view FROM generations').all();
  const rows = generationRows(db, TABLES);
  for (const view of VIEWS) {
    if (!listed.some((row) => row.view === view)) return `the view ${view} is missing`;
    const { live, building, previous } = rows.of(view);
    for (const generation of [live, building, previous].filter((one) => one !== null)) {
      if (!checkpoint.get(view, generation)) return `it holds no generation ${generation} of ${view}`;
      const lost = TABLES[view].map(({ name }) => tableName(name, generation)).find((name) => !there.has(name));
      if (lost !== undefined) return `its table ${lost} is missing`;
    }
  }
  return null;
}
