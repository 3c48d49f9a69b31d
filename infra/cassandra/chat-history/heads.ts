import { rfc3339 } from '../../../events/codec.ts';
import type { ChatId } from '../../../events/ids.ts';
import { type Cassandra, readOne, type Statement } from '../cassandra.ts';
import { intOf } from '../row.ts';

/** The table of the heads. */
export const HEADS = 'chat_heads';
const READ = `SELECT seq, at, writetime(seq) AS written FROM ${HEADS} WHERE chat = ?`;
const WRITE = `INSERT INTO ${HEADS} (chat, seq, at) VALUES (?, ?, ?) USING TIMESTAMP ?`;

/** Timestamps that one seq has after another, before those of the next base: more than there are seqs. */
export const BASE_SPAN = 2 ** 32;

interface Head {
  readonly seq: number;
  readonly at: string;
}

interface WrittenHead extends Head {
  /** Added to a seq it is the timestamp of what came with it. It grows where rows of before must not come back. */
  readonly base: number;
}

/**
 * The last seq of a chat up to which everything is there, and when it was. Written when all that is true, never before.
 * Null too while the chat is being mended: nothing of it is promised then.
 */
export async function readHead(cassandra: Cassandra, chatId: ChatId): Promise<Head | null> {
  const head = await readWrittenHead(cassandra, chatId);
  return head && head.seq > 0 ? { seq: head.seq, at: head.at } : null;
}

/** The same for whoever writes, and has to go on at the chat's base. */
export async function readWrittenHead(cassandra: Cassandra, chatId: ChatId): Promise<WrittenHead | null> {
  const row = await readOne(cassandra, READ, [chatId]);
  if (!row) return null;
  const seq = intOf(row, 'seq');
  return { seq, at: rfc3339(intOf(row, 'at')), base: intOf(row, 'written') - seq };
}

/** A head never goes back, whoever writes an old one, and whenever: that of a greater base wins, whatever its seq. */
export const headRow = (chatId: ChatId, { seq, at, base }: { seq: number; at: number; base: number }): Statement => ({
  query: WRITE,
  params: [chatId, seq, at, base + seq],
});
