import type { Generation } from '../../../projections/runner/ports.ts';
import type { Database, SqlValue } from '../database.ts';
import { columnName, type TableSpec, tableName } from './tables.ts';

/** Where tables lie: a database of the connection, and which generation there. */
export interface Side {
  readonly schema: 'main' | 'truth';
  readonly generation: Generation;
}

/** Two sets of tables that one connection sees in one moment; `truth` is what the log says. */
export interface Sides {
  readonly db: Database;
  readonly live: Side;
  readonly truth: Side;
}

/** Which rows of a table: conditions on its columns, and what stands for their `?`. */
export interface Part {
  readonly where: string;
  readonly values: readonly SqlValue[];
}

export interface Slice {
  readonly part: Part;
  /** Of the side that has more. */
  readonly rows: number;
  readonly equal: boolean;
}

export const EVERY_ROW: Part = { where: 'TRUE', values: [] };
/** Rows between two pauses. */
export const ROWS_PER_SLICE = 5_000;

export const placeOf = ({ schema, generation }: Side, { name }: TableSpec): string =>
  `${schema}.${tableName(name, generation)}`;

export const keyOf = (table: TableSpec): string[] => table.columns.slice(0, table.keyColumns).map(columnName);

/**
 * All rows of both sides, in slices by key. Whether a slice is equal in every column SQLite finds by itself, many times
 * quicker than rows can be handed over: a key is there once, so as many pairs as rows on either side are all of them.
 */
export function* slicesOf(sides: Sides, table: TableSpec): Generator<Slice> {
  const names = keyOf(table);
  const key = `(${names.join(', ')})`;
  const marks = `(${names.map(() => '?').join(', ')})`;
  for (let after: SqlValue[] | null = null, more = true; more; ) {
    const from: Part = after === null ? EVERY_ROW : { where: `${key} > ${marks}`, values: after };
    const until: SqlValue[] | null = lastOfSlice(sides, table, from);
    const part =
      until === null ? from : { where: `${from.where} AND ${key} <= ${marks}`, values: [...from.values, ...until] };
    yield { part, ...lookAt(sides, table, part) };
    more = until !== null;
    after = until;
  }
}

/** Null where what is left is no more than a slice. */
function lastOfSlice({ db, live }: Sides, table: TableSpec, { where, values }: Part): SqlValue[] | null {
  const key = keyOf(table).join(', ');
  const sql = `SELECT ${key} FROM ${placeOf(live, table)} WHERE ${where} ORDER BY ${key} LIMIT 1 OFFSET ${ROWS_PER_SLICE - 1}`;
  return db.prepare<SqlValue[]>(sql, { arrays: true }).get(...values) ?? null;
}

function lookAt({ db, live, truth }: Sides, table: TableSpec, { where, values }: Part): Omit<Slice, 'part'> {
  const of = (side: Side) => `(SELECT * FROM ${placeOf(side, table)} WHERE ${where})`;
  const same = table.columns.map(columnName).map((column) => `held.${column} IS said.${column}`);
  const count = <T extends SqlValue>(from: string, given: readonly T[]): number =>
    db.prepare<[number]>(`SELECT count(*) FROM ${from}`, { arrays: true }).get(...given)?.[0] ?? 0;
  const held = count(of(live), values);
  const said = count(of(truth), values);
  const rows = Math.max(held, said);
  if (held !== said) return { rows, equal: false };
  // The order of a cross join is kept: each row that is held is looked up by its key.
  const pairs = `${of(live)} AS held CROSS JOIN ${placeOf(truth, table)} AS said ON ${same.join(' AND ')}`;
  return { rows, equal: count(pairs, values) === rows };
}
