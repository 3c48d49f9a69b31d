import type { Compared, Difference, Picked } from '../../../projections/runner/ports.ts';
import type { SqlValue } from '../database.ts';
import {
  EVERY_ROW,
  keyOf,
  type Part,
  placeOf,
  ROWS_PER_SLICE,
  type Side,
  type Sides,
  type Slice,
  slicesOf,
} from './slices.ts';
import { columnName, type TableSpec } from './tables.ts';

/** Differences of a view named one by one; all are counted. */
export const DIFFERENCES_NAMED_MAX = 10_000;
/** Chats of which it is remembered whether they are picked. */
const PICKED_MAX = 200_000;
/** What differs where no column seems to. */
const HIDDEN = 'bytes behind a NUL, or of no character';

type Row = SqlValue[];
type Found = { table: TableSpec; row: Row; what: string };

/** Both sets of tables in the order of their keys. */
export function* compareTables(
  sides: Sides,
  tables: readonly TableSpec[],
  picked: Picked | null,
): Generator<number, Compared> {
  const found: Found[] = [];
  let rows = 0;
  let seen = 0;
  let differencesFound = 0;
  const isPicked = picking(sides, picked);
  for (const table of tables) {
    for (const { part, equal, ...slice } of partsOf(sides, table, picked)) {
      if (equal) {
        rows += slice.rows;
        seen += slice.rows;
        yield seen;
        continue;
      }
      for (const { row, what } of walk(
        table,
        scan(sides, 'live', { table, part }),
        scan(sides, 'truth', { table, part }),
      )) {
        seen++;
        if (seen % ROWS_PER_SLICE === 0) yield seen;
        if (!isPicked(table, row)) continue;
        rows++;
        if (what === null) continue;
        differencesFound++;
        if (found.length < DIFFERENCES_NAMED_MAX) found.push({ table, row, what });
      }
    }
  }
  return { rows, differencesFound, differences: found.map((difference) => describe(difference, sides)) };
}

function partsOf(sides: Sides, table: TableSpec, picked: Picked | null): Iterable<Slice> {
  if (!picked) return slicesOf(sides, table);
  const unknown = { rows: 0, equal: false };
  const [first] = keyOf(table);
  // Few chats are looked up where the table lies in their order.
  if (!picked.chats || table.chat === undefined || first !== table.chat) return [{ part: EVERY_ROW, ...unknown }];
  const keys = new Set<number>();
  for (const { schema } of [sides.truth, sides.live]) {
    const key = sides.db.prepare<{ key: number }>(`SELECT key FROM ${schema}.chats WHERE id = ?`);
    for (const chat of picked.chats) {
      const row = key.get(chat);
      if (row) keys.add(row.key);
    }
  }
  return [...keys].map((key) => ({ part: { where: `${table.chat} = ?`, values: [key] }, ...unknown }));
}

/** Rows whose chat nobody knows are always looked at. */
function picking(sides: Sides, picked: Picked | null): (table: TableSpec, row: Row) => boolean {
  if (!picked) return () => true;
  const known = new Map<number, boolean>();
  return (table, row) => {
    if (table.chat !== undefined) {
      const key = valueOf(table, row, table.chat) as number;
      const before = known.get(key);
      if (before !== undefined) return before;
      const id = chatId(key, sides);
      const is = id === '' || picked.chat(id);
      if (known.size >= PICKED_MAX) known.clear();
      known.set(key, is);
      return is;
    }
    return table.user === undefined || picked.user(String(valueOf(table, row, table.user)));
  };
}

/** All columns of each row, and then whether SQLite finds the same row in what the log says. */
function scan(
  { db, ...sides }: Sides,
  side: 'live' | 'truth',
  { table, part: { where, values } }: { table: TableSpec; part: Part },
): Iterator<Row> {
  const columns = table.columns.map(columnName);
  const from: Side = sides[side];
  // What the rows show is not all: text ends at a NUL for whoever reads it, and not for SQLite.
  const same = columns.map((column) => `said.${column} IS held.${column}`).join(' AND ');
  const equal = side === 'truth' ? '1' : `EXISTS (SELECT 1 FROM ${placeOf(sides.truth, table)} AS said WHERE ${same})`;
  const sql = `SELECT ${columns.join(', ')}, ${equal} FROM ${placeOf(from, table)} AS held
    WHERE ${where} ORDER BY ${keyOf(table).join(', ')}`;
  return db.prepare<Row>(sql, { arrays: true }).iterate(...values);
}

/** One result for each row of either side: `what` is null where they agree. */
function* walk(
  table: TableSpec,
  live: Iterator<Row>,
  truth: Iterator<Row>,
): Generator<{ row: Row; what: string | null }> {
  let held = live.next();
  let right = truth.next();
  while (!(held.done && right.done)) {
    const order = held.done ? 1 : right.done ? -1 : compareKeys(held.value, right.value, table.keyColumns);
    if (order < 0) {
      yield { row: held.value as Row, what: 'not in the log' };
    } else if (order > 0) {
      yield { row: right.value as Row, what: 'missing' };
    } else {
      yield { row: right.value as Row, what: changed(table, held.value as Row, right.value as Row) };
    }
    if (order <= 0) held = live.next();
    if (order >= 0) right = truth.next();
  }
}

function changed(table: TableSpec, held: Row, right: Row): string | null {
  if (held.every((value, index) => value === right[index])) return null;
  const columns = table.columns.filter((_, index) => held[index] !== right[index]).map(columnName);
  return `different: ${columns.length === 0 ? HIDDEN : columns.join(', ')}`;
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

const valueOf = (table: TableSpec, row: Row, column: string): SqlValue | undefined =>
  row[table.columns.findIndex((definition) => columnName(definition) === column)];

function describe({ table, row, what }: Found, sides: Sides): Difference {
  const chat = table.chat === undefined ? undefined : (valueOf(table, row, table.chat) as number);
  const seq = table.seq === undefined ? 0 : ((valueOf(table, row, table.seq) as number | null) ?? 0);
  const key = row.slice(0, table.keyColumns).join(', ');
  return {
    chatId: chat === undefined ? '' : chatId(chat, sides),
    seq,
    what: `${table.name} (${key}): ${what}`,
  };
}

function chatId(key: number, { db, truth, live }: Sides): string {
  for (const { schema } of [truth, live]) {
    const row = db.prepare<{ id: string }>(`SELECT id FROM ${schema}.chats WHERE key = ?`).get(key);
    if (row) return row.id;
  }
  return '';
}
