import type { Database } from '../database.ts';

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
}

export interface IndexSpec {
  readonly name: string;
  readonly on: string;
  readonly where?: string;
  /** The projector needs it itself, so a rebuild does not leave it to the end. */
  readonly early?: boolean;
}

/** `live` is what is read; `next` is what a rebuild fills. */
export type Generation = 'live' | 'next';

export const tableName = (name: string, generation: Generation): string =>
  generation === 'live' ? name : `${name}__next`;

/** The name of a column, out of its definition. */
export const columnName = (column: string): string => column.slice(0, column.indexOf(' '));

export function createTables(db: Database, tables: readonly TableSpec[], generation: Generation): void {
  for (const table of tables) {
    const key = table.columns.slice(0, table.keyColumns).map(columnName).join(', ');
    db.exec(
      `CREATE TABLE ${tableName(table.name, generation)} (${table.columns.join(', ')}, PRIMARY KEY (${key})) WITHOUT ROWID`,
    );
  }
  createIndexes(db, tables, { generation, early: true });
  if (generation === 'live') createIndexes(db, tables, { generation, early: false });
}

/** Those that are not there yet. Names of indexes outlive the rename of their table, so each gets a number of its own. */
export function createIndexes(
  db: Database,
  tables: readonly TableSpec[],
  { generation, early }: { generation: Generation; early: boolean },
): void {
  for (const table of tables) {
    const target = tableName(table.name, generation);
    for (const index of table.indexes ?? []) {
      if ((index.early ?? false) !== early) continue;
      const where = index.where === undefined ? '' : ` WHERE ${index.where}`;
      const name = freeIndexName(db, { name: index.name, table: target });
      if (name !== null) db.exec(`CREATE INDEX ${name} ON ${target} (${index.on})${where}`);
    }
  }
}

function freeIndexName(db: Database, { name, table }: { name: string; table: string }): string | null {
  const indexes = db
    .prepare<{ name: string; tbl_name: string }>("SELECT name, tbl_name FROM sqlite_schema WHERE type = 'index'")
    .all()
    .filter((index) => index.name.startsWith(`${name}_`));
  if (indexes.some((index) => index.tbl_name === table)) return null;
  const taken = new Set(indexes.map((index) => index.name));
  let number = 1;
  while (taken.has(`${name}_${number}`)) number++;
  return `${name}_${number}`;
}

export function dropTables(db: Database, tables: readonly TableSpec[], generation: Generation): void {
  for (const { name } of tables) db.exec(`DROP TABLE IF EXISTS ${tableName(name, generation)}`);
}
