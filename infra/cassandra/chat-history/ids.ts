import type { ChatId } from '../../../events/ids.ts';
import { type Cassandra, readOne, type Statement } from '../cassandra.ts';
import { intOf } from '../row.ts';
import { dayOf } from './places.ts';

const READ = 'SELECT seq, message FROM chat_history_ids WHERE chat = ? AND day = ? AND id = ? LIMIT 1';
const WRITE = 'INSERT INTO chat_history_ids (chat, day, id, seq, message) VALUES (?, ?, ?, ?, ?) USING TIMESTAMP ?';

export interface FoundId {
  /** Of the first event with it, as far as is written: exact where that is at or before the chat's head. */
  readonly seq: number;
  /** False where it is that of a command which sent no message. */
  readonly message: boolean;
}

export async function seqOfId(cassandra: Cassandra, chatId: ChatId, id: string): Promise<FoundId | null> {
  const row = await readOne(cassandra, READ, [chatId, dayOf(id), id]);
  return row && { seq: intOf(row, 'seq'), message: row.message === true };
}

/** `day`: that of the id. */
export const idRow = (chatId: ChatId, day: number, { id, seq, message }: FoundId & { id: string }): Statement => ({
  query: WRITE,
  params: [chatId, day, id, seq, message, seq],
});
