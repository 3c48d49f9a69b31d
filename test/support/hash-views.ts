import { createHash } from 'node:crypto';
import { openDatabase } from '../../infra/sqlite/database.ts';
import { TABLES } from '../../infra/sqlite/views/schema.ts';
import { columnName, tableName } from '../../infra/sqlite/views/tables.ts';
import { VIEWS } from '../../projections/index.ts';

/** SHA-256 over all rows of each view in order of their keys: of what is read, and of what a rollback goes back to. */
export async function hashViews(file: string): Promise<Record<string, { live: string; previous: string | null }>> {
  const db = await openDatabase({ file, synchronous: 'normal', readOnly: true });
  db.exec('BEGIN');
  try {
    const pointers = db.prepare<{ live: number; previous: number | null }>(
      'SELECT live, previous FROM generations WHERE view = ?',
    );
    const hashOf = (view: keyof typeof TABLES, generation: number): string => {
      const hash = createHash('sha256');
      for (const { name, columns, keyColumns } of TABLES[view]) {
        const names = columns.map(columnName);
        const select = `SELECT ${names.join(', ')} FROM ${tableName(name, generation)} ORDER BY ${names.slice(0, keyColumns).join(', ')}`;
        for (const row of db.prepare(select, { arrays: true }).iterate()) hash.update(`${JSON.stringify(row)}\n`);
      }
      return hash.digest('hex');
    };
    return Object.fromEntries(
      VIEWS.map((view) => {
        const { live, previous } = pointers.get(view) ?? { live: 1, previous: null };
        return [view, { live: hashOf(view, live), previous: previous === null ? null : hashOf(view, previous) }];
      }),
    );
  } finally {
    db.close();
  }
}
