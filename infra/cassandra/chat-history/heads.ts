import { rfc3339 } from '../../../events/codec.ts';
import type { ChatId } from '../../../events/ids.ts';
import { type Cassandra, readOne, type Statement } from '../cassandra.ts';
import { intOf } from '../row.ts';

const READ = 'SELECT seq, at FROM chat_heads WHERE chat = ?';
const WRITE = 'INSERT INTO chat_heads (chat, seq, at) VALUES (?, ?, ?) USING TIMESTAMP ?';

/** The last seq of a chat up to which everything is there, and when it was. Written when all that is true, never before. */
export async function readHead(cassandra: Cassandra, chatId: ChatId): Promise<{ seq: number; at: string } | null> {
  const row = await readOne(cassandra, READ, [chatId]);
  return row && { seq: intOf(row, 'seq'), at: rfc3339(intOf(row, 'at')) };
}

/** With its seq as the timestamp a head never goes back, whoever writes an old one, and whenever. */
export const headRow = (chatId: ChatId, { seq, at }: { seq: number; at: number }): Statement => ({
  query: WRITE,
  params: [chatId, seq, at, seq],
});
