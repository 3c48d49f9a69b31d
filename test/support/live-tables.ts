import type { Database } from '../../infra/sqlite/database.ts';
import { TABLES } from '../../infra/sqlite/views/schema.ts';
import { FIRST_GENERATION, tableName } from '../../infra/sqlite/views/tables.ts';

/** The tables that are read now under their plain names, for this connection's reads. */
export function nameLiveTables(db: Database): void {
  for (const { view, live } of liveOf(db)) {
    if (live === FIRST_GENERATION) continue;
    for (const { name } of TABLES[view]) {
      db.exec(`CREATE TEMP VIEW ${name} AS SELECT * FROM ${tableName(name, live)}`);
    }
  }
}

const liveOf = (db: Database) =>
  db.prepare<{ view: keyof typeof TABLES; live: number }>('SELECT view, live FROM generations').all();
