import type { Comparison } from '../../../projections/runner/ports.ts';
import type { Database, SqlValue } from '../database.ts';
import { columnName, type TableSpec } from './tables.ts';

/** Differences of a view named one by one; all are counted. */
export const DIFFERENCES_NAMED_MAX = 10_000;
/** Rows between two pauses. */
const ROWS_PER_SLICE = 5_000;

type Row = SqlValue[];
type Found = { table: TableSpec; row: Row; what: string };

/** Walks both sets of tables in the order of their keys. `truth` is what the log says. */
export function* compareTables(
  live: Database,
  truth: Database,
  tables: readonly TableSpec[],
): Generator<number, Comparison> {
  const found: Found[] = [];
  let rows = 0;
  let differencesFound = 0;
  for (const table of tables) {
    for (const result of walk(table, scan(live, table), scan(truth, table))) {
      rows++;
      if (result !== null) {
        differencesFound++;
        if (found.length < DIFFERENCES_NAMED_MAX) found.push(result);
      }
      if (rows % ROWS_PER_SLICE === 0) yield rows;
    }
  }
  return {
    rows,
    sample: 1,
    differencesFound,
    differences: found.map((difference) => describe(difference, live, truth)),
  };
}

function scan(db: Database, table: TableSpec): Iterator<Row> {
  const columns = table.columns.map(columnName);
  const order = columns.slice(0, table.keyColumns).join(', ');
  return db
    .prepare<Row>(`SELECT ${columns.join(', ')} FROM ${table.name} ORDER BY ${order}`, { arrays: true })
    .iterate();
}

/** One result for each row of either side: null where they agree. */
function* walk(table: TableSpec, live: Iterator<Row>, truth: Iterator<Row>): Generator<Found | null> {
  let held = live.next();
  let right = truth.next();
  while (!(held.done && right.done)) {
    const order = held.done ? 1 : right.done ? -1 : compareKeys(held.value, right.value, table.keyColumns);
    if (order < 0) {
      yield { table, row: held.value as Row, what: 'not in the log' };
    } else if (order > 0) {
      yield { table, row: right.value as Row, what: 'missing' };
    } else {
      yield changed(table, held.value as Row, right.value as Row);
    }
    if (order <= 0) held = live.next();
    if (order >= 0) right = truth.next();
  }
}

function changed(table: TableSpec, held: Row, right: Row): Found | null {
  const columns = table.columns.filter((_, index) => held[index] !== right[index]).map(columnName);
  return columns.length === 0 ? null : { table, row: right, what: `different: ${columns.join(', ')}` };
}

/** SQLite's own order of keys: integers by value, text by its UTF-8 bytes. */
function compareKeys(a: Row, b: Row, keyColumns: number): number {
  for (let i = 0; i < keyColumns; i++) {
    const x = a[i];
    const y = b[i];
    if (x === y) continue;
    if (typeof x === 'string' && typeof y === 'string') return Buffer.compare(Buffer.from(x), Buffer.from(y));
    return (x as number) < (y as number) ? -1 : 1;
  }
  return 0;
}

function describe({ table, row, what }: Found, live: Database, truth: Database): Comparison['differences'][number] {
  const value = (column: string | undefined) => row[table.columns.findIndex((c) => columnName(c) === column)];
  const chat = table.chat === undefined ? undefined : (value(table.chat) as number);
  const seq = table.seq === undefined ? 0 : ((value(table.seq) as number | null) ?? 0);
  const key = row.slice(0, table.keyColumns).join(', ');
  return {
    chatId: chat === undefined ? '' : chatId(chat, [truth, live]),
    seq,
    what: `${table.name} (${key}): ${what}`,
  };
}

function chatId(key: number, databases: readonly Database[]): string {
  for (const db of databases) {
    const row = db.prepare<{ id: string }>('SELECT id FROM chats WHERE key = ?').get(key);
    if (row) return row.id;
  }
  return '';
}
