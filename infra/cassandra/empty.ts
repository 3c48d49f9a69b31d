import { setTimeout as pause } from 'node:timers/promises';
import type { Cassandra } from './cassandra.ts';
import { CHAT_HISTORY_TABLES } from './chat-history/tables.ts';
import { CHAT_LOG_TABLES } from './chat-log/tables.ts';
import { READ_DEADLINE_MS } from './connect.ts';

const NAME = /^CREATE TABLE IF NOT EXISTS (\w+)/;

/** The tables that follow from the log, that of the heads first. */
export const VIEW_TABLES: readonly string[] = [...CHAT_HISTORY_TABLES, ...CHAT_LOG_TABLES].map((definition) => {
  const name = NAME.exec(definition)?.[1];
  if (name === undefined) throw new Error(`no definition of a table: ${definition}`);
  return name;
});

/**
 * Throws away all rows of the group `chat-history`, for all partitions. What is written late is what will be written
 * again, but for heads: those of now have a later generation. Reads may go on: with the heads gone nothing is held, and
 * what was asked before has been answered when the rest goes.
 */
export async function emptyViews(cassandra: Cassandra, { settleMs = READ_DEADLINE_MS } = {}): Promise<void> {
  const [heads, ...rest] = VIEW_TABLES;
  await cassandra.define(`TRUNCATE ${heads}`);
  await pause(settleMs);
  for (const table of rest) await cassandra.define(`TRUNCATE ${table}`);
}
