import { openDatabase } from '../../infra/sqlite/database.ts';
import { TABLES } from '../../infra/sqlite/views/schema.ts';
import { columnName, FIRST_GENERATION, tableName } from '../../infra/sqlite/views/tables.ts';

/** All rows of all views as text, chats and users by their ids, so that two files can be told apart whatever their keys. */
export async function dumpViews(file: string): Promise<Record<string, string[]>> {
  const db = await openDatabase({ file, synchronous: 'normal', readOnly: true });
  const ids = (table: string) =>
    new Map(
      db
        .prepare<[number, string]>(`SELECT key, id FROM ${table}`, { arrays: true })
        .all()
        .map(([key, id]) => [key, id]),
    );
  const chats = ids('chats');
  const users = ids('users');
  const named = (column: string, value: unknown): unknown => {
    if (column === 'chat') return chats.get(value as number);
    if (column === 'user' || column === 'sender' || column === 'actor') return users.get(value as number);
    // a fold names users by their keys
    if (column !== 'state') return value;
    const state = JSON.parse(value as string) as { reactions: [string, number, number[]][] };
    return JSON.stringify({
      ...state,
      reactions: state.reactions.map(([e, n, first]) => [e, n, first.map((u) => users.get(u))]),
    });
  };
  const dump: Record<string, string[]> = {};
  const live = new Map(db.prepare<[string, number]>('SELECT view, live FROM generations', { arrays: true }).all());
  const of = Object.entries(TABLES).flatMap(([view, tables]) => tables.map((table) => ({ view, ...table })));
  for (const { view, name, columns } of of) {
    const table = tableName(name, live.get(view) ?? FIRST_GENERATION);
    const rows = db
      .prepare<unknown[]>(`SELECT ${columns.map(columnName).join(', ')} FROM ${table}`, { arrays: true })
      .all();
    const lines = rows.map((row) =>
      row.map((value, i) => String(named(columnName(columns[i] ?? ''), value))).join(' | '),
    );
    dump[name] = lines.toSorted();
  }
  const positions = db.prepare<[string, number]>(
    `SELECT view, position FROM checkpoints JOIN generations USING (view) WHERE generation = live`,
    {
      arrays: true,
    },
  );
  dump.checkpoints = positions.all().map(([view, position]) => `${view} ${position}`);
  db.close();
  return dump;
}
