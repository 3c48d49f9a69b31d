import { StoreError } from '../../../events/event-store.ts';
import type { ChatId } from '../../../events/ids.ts';
import { type ChangeFact, FOLD_EVERY, type FoldFact } from '../../../queries/chat-history/view.ts';
import { type Cassandra, readAll, readOne } from '../cassandra.ts';
import { intOf } from '../row.ts';
import { changeFact, foldFact, type NamesThrough, namesThrough } from './facts.ts';
import { asInt, EARLY_REVS, lastRevOf, partOf } from './places.ts';

/** Changes of one message that are read together. */
const READ_AT_ONCE = 200;

export interface Message {
  readonly chatId: ChatId;
  readonly messageSeq: number;
}

const FOLD_AS_OF = 'SELECT rev FROM chat_history_fold_seqs WHERE chat = ? AND message_seq = ? AND seq <= ? LIMIT 1';
const FOLD =
  'SELECT rev, seq, state FROM chat_history_folds WHERE chat = ? AND message_seq = ? AND part = ? AND rev = ?';
const PART = `SELECT rev, seq, at, actor, kind, body, mentions FROM chat_history_overflow
  WHERE chat = ? AND message_seq = ? AND part = ? AND rev > ? AND rev <= ? LIMIT ?`;

/** The last fold as of a seq and the changes since; null where the message has none by then. */
export async function foldAsOf(
  cassandra: Cassandra,
  { chatId, messageSeq }: Message,
  through: number,
): Promise<{ fold: FoldFact; changes: ChangeFact[] } | null> {
  const found = await readOne(cassandra, FOLD_AS_OF, [chatId, messageSeq, asInt(through)]);
  if (!found) return null;
  const rev = intOf(found, 'rev');
  const part = partOf(rev);
  const [fold, rows] = await Promise.all([
    readOne(cassandra, FOLD, [chatId, messageSeq, part, rev]),
    readAll(cassandra, PART, [chatId, messageSeq, part, rev, rev + FOLD_EVERY - 1, FOLD_EVERY]),
  ]);
  // Only of events that the view does not answer for yet.
  if (!fold) throw new StoreError('unavailable', 'a fold that is still being written');
  const changes = rows.map((row) => changeFact(row, messageSeq)).filter(({ seq }) => seq <= through);
  return { fold: foldFact(fold, messageSeq), changes };
}

const NAMES =
  'SELECT names_through FROM chat_history_folds WHERE chat = ? AND message_seq = ? AND part = ? AND rev = ?';

export async function namesOfFold(
  cassandra: Cassandra,
  { chatId, messageSeq }: Message,
  rev: number,
): Promise<NamesThrough> {
  const row = await readOne(cassandra, NAMES, [chatId, messageSeq, partOf(rev), rev]);
  return row ? namesThrough(row) : new Map();
}

/** Changes beyond the first ones in order of rev, some at once. */
export async function* changesBeyond(
  cassandra: Cassandra,
  { chatId, messageSeq }: Message,
  page: { afterRev: number; through: number; limit: number },
): AsyncGenerator<ChangeFact[]> {
  let after = Math.max(page.afterRev, EARLY_REVS);
  for (let left = page.limit; left > 0; ) {
    const part = partOf(after + 1);
    const wanted = Math.min(left, READ_AT_ONCE);
    const rows = await readAll(cassandra, PART, [chatId, messageSeq, part, after, lastRevOf(part), wanted]);
    const changes = rows.map((row) => changeFact(row, messageSeq)).filter(({ seq }) => seq <= page.through);
    if (changes.length > 0) yield changes;
    after = changes.at(-1)?.rev ?? after;
    left -= changes.length;
    if (changes.length < wanted && after < lastRevOf(part)) return;
  }
}
