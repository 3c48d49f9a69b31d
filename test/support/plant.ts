import type { Database, SqlValue } from '../../infra/sqlite/database.ts';
import { TABLES } from '../../infra/sqlite/views/schema.ts';
import { columnName, type TableSpec, tableName } from '../../infra/sqlite/views/tables.ts';
import type { ViewName } from '../../projections/runner/ports.ts';
import type { Seeded } from './seeded.ts';

type Row = SqlValue[];
const KINDS = ['changed', 'removed', 'invented'] as const;
const FAR = 1_000_000_007;

/**
 * Changes, removes and invents rows of the tables that are read of a view, so many of each kind, spread over its tables.
 * Answers what a verify has to say of them, and of nothing else.
 */
export function plant(db: Database, view: ViewName, { each, random }: { each: number; random: Seeded }): string[] {
  const live = db.prepare<{ live: number }>('SELECT live FROM generations WHERE view = ?').get(view)?.live ?? 0;
  const said: string[] = [];
  const tables = TABLES[view].map((table) => ({ table, name: tableName(table.name, live), rows: [] as Row[] }));
  for (const one of tables) {
    const columns = one.table.columns.map(columnName).join(', ');
    one.rows = shuffled(db.prepare<Row>(`SELECT ${columns} FROM ${one.name}`, { arrays: true }).all(), random);
  }
  const filled = tables.filter(({ rows }) => rows.length >= KINDS.length * 2);
  db.transaction(() => {
    for (const kind of KINDS) {
      for (let i = 0; i < each; i++) {
        const open = filled.filter(({ rows }) => rows.length > 0);
        const one = open[i % open.length];
        const row = one?.rows.pop();
        if (!one || !row) throw new Error(`${view} has too few rows for ${each} of each kind`);
        said.push(PLANT[kind](db, one, row, random));
      }
    }
  });
  return said;
}

interface Of {
  readonly table: TableSpec;
  readonly name: string;
}

const PLANT: { [K in (typeof KINDS)[number]]: (db: Database, of: Of, row: Row, random: Seeded) => string } = {
  changed(db, { table, name }, row, random) {
    const columns = table.columns.slice(table.keyColumns);
    const at = columns.length === 0 ? -1 : table.keyColumns + random.below(columns.length);
    if (at < 0) return PLANT.removed(db, { table, name }, row, random);
    const column = columnName(table.columns[at] ?? '');
    db.prepare(`UPDATE ${name} SET ${column} = ? WHERE ${where(table)}`).run(
      other(table.columns[at] ?? '', row[at] ?? null),
      ...keyOf(table, row),
    );
    return `${table.name} (${keyOf(table, row).join(', ')}): different: ${column}`;
  },
  removed(db, { table, name }, row) {
    db.prepare(`DELETE FROM ${name} WHERE ${where(table)}`).run(...keyOf(table, row));
    return `${table.name} (${keyOf(table, row).join(', ')}): missing`;
  },
  invented(db, { table, name }, row) {
    const last = table.keyColumns - 1;
    const made = row.map((value, i) => (i === last ? other(table.columns[i] ?? '', value) : value));
    db.prepare(`INSERT INTO ${name} VALUES (${made.map(() => '?').join(', ')})`).run(...made);
    return `${table.name} (${keyOf(table, made).join(', ')}): not in the log`;
  },
};

const keyOf = (table: TableSpec, row: Row): Row => row.slice(0, table.keyColumns);
const where = (table: TableSpec): string =>
  table.columns
    .slice(0, table.keyColumns)
    .map((column) => `${columnName(column)} = ?`)
    .join(' AND ');
const other = (column: string, value: SqlValue): SqlValue =>
  column.includes(' INTEGER') ? Number(value ?? 0) + FAR : `${String(value ?? '')}!`;

function shuffled<T>(items: T[], random: Seeded): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [items[i], items[j]] = [items[j] as T, items[i] as T];
  }
  return items;
}
