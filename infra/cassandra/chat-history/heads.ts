import { rfc3339 } from '../../../events/codec.ts';
import type { ChatId } from '../../../events/ids.ts';
import { type Cassandra, readOne, type Statement } from '../cassandra.ts';
import { intOf } from '../row.ts';

const READ = 'SELECT seq, at, writetime(seq) AS written FROM chat_heads WHERE chat = ?';
const WRITE = 'INSERT INTO chat_heads (chat, seq, at) VALUES (?, ?, ?) USING TIMESTAMP ?';

/** Timestamps of a generation: more than there are seqs. */
const GENERATION_SPAN = 2 ** 32;

interface Head {
  readonly seq: number;
  readonly at: string;
}

interface WrittenHead extends Head {
  /** Of the tables in which everything up to it was written. */
  readonly generation: number;
}

/**
 * The last seq of a chat up to which everything is there, and when it was. Written when all that is true, never before:
 * of the present generation, that is. A process that was stopped while the tables were emptied may write an older one.
 */
export async function readHead(cassandra: Cassandra, chatId: ChatId): Promise<Head | null> {
  const head = await readWrittenHead(cassandra, chatId);
  return head && { seq: head.seq, at: head.at };
}

/** The same for whoever writes, and has to tell generations apart. */
export async function readWrittenHead(cassandra: Cassandra, chatId: ChatId): Promise<WrittenHead | null> {
  const row = await readOne(cassandra, READ, [chatId]);
  if (!row) return null;
  const generation = Math.floor(intOf(row, 'written') / GENERATION_SPAN);
  return { seq: intOf(row, 'seq'), at: rfc3339(intOf(row, 'at')), generation };
}

/**
 * With its generation and seq as the timestamp a head never goes back, whoever writes an old one, and whenever: that of
 * a younger generation wins, whatever its seq.
 */
export const headRow = (
  chatId: ChatId,
  { seq, at, generation }: { seq: number; at: number; generation: number },
): Statement => ({
  query: WRITE,
  params: [chatId, seq, at, generation * GENERATION_SPAN + seq],
});
