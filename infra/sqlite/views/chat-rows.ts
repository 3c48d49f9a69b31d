import type { Generation } from '../../../projections/runner/ports.ts';
import type { Database } from '../database.ts';
import { type TableSpec, tableName } from './tables.ts';

/** All rows of a chat in a view's tables. */
export function clearChat(
  db: Database,
  tables: readonly TableSpec[],
  { generation, chatId }: { generation: Generation; chatId: string },
): void {
  const key = db.prepare<{ key: number }>('SELECT key FROM chats WHERE id = ?').get(chatId)?.key;
  if (key === undefined) return;
  for (const { name, chat } of tables) {
    if (chat !== undefined) db.prepare(`DELETE FROM ${tableName(name, generation)} WHERE ${chat} = ?`).run(key);
  }
}
