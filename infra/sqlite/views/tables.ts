import type { Generation } from '../../../projections/runner/ports.ts';
import type { Database } from '../database.ts';

export type { Generation };

/**
 * How the tables of a view are described, so that a rebuild can make a second set of them beside the live ones, and a
 * verify can compare two sets row by row.
 */
export interface TableSpec {
  readonly name: string;
  /** Columns in order: the first `keyColumns` are the primary key. */
  readonly columns: readonly string[];
  readonly keyColumns: number;
  readonly indexes?: readonly IndexSpec[];
  /** Which column holds the interned chat, and which the seq that a difference is reported at. */
  readonly chat?: string;
  readonly seq?: string;
  /** Which column holds a user by whom rows that are of no chat are sampled. */
  readonly user?: string;
}

export interface IndexSpec {
  readonly name: string;
  readonly on: string;
  readonly where?: string;
  /** The projector needs it itself, so a rebuild does not leave it to the end. */
  readonly early?: boolean;
}

/** The tables that a new file begins with. */
export const FIRST_GENERATION = 1;

/** A table keeps its name for as long as it is there: what is read is what `generations` points to. */
export const tableName = (name: string, generation: Generation): string =>
  generation === FIRST_GENERATION ? name : `${name}__${generation}`;

/** The name of a column, out of its definition. */
export const columnName = (column: string): string => column.slice(0, column.indexOf(' '));

/** With the indexes that the projector needs. */
export function createTables(db: Database, tables: readonly TableSpec[], generation: Generation): void {
  for (const table of tables) {
    const key = table.columns.slice(0, table.keyColumns).map(columnName).join(', ');
    db.exec(
      `CREATE TABLE ${tableName(table.name, generation)} (${table.columns.join(', ')}, PRIMARY KEY (${key})) WITHOUT ROWID`,
    );
    for (const index of table.indexes ?? []) if (index.early) createIndex(db, table, { index, generation });
  }
}

/** The indexes that only readers need and that are not there yet. */
export function missingIndexes(db: Database, tables: readonly TableSpec[], generation: Generation) {
  const there = db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'index' AND name = ?");
  return tables.flatMap((table) =>
    (table.indexes ?? [])
      .filter((index) => !there.get(indexName(index, generation)))
      .map((index) => ({ table, index, generation })),
  );
}

export function createIndex(
  db: Database,
  table: TableSpec,
  { index, generation }: { index: IndexSpec; generation: Generation },
): void {
  const where = index.where === undefined ? '' : ` WHERE ${index.where}`;
  const on = `${tableName(table.name, generation)} (${index.on})`;
  db.exec(`CREATE INDEX ${indexName(index, generation)} ON ${on}${where}`);
}

const indexName = ({ name }: IndexSpec, generation: Generation): string => `${name}_${generation}`;
