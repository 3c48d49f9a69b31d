import type { ChatId } from '../../../events/ids.ts';
import type { ChangeFact, FoldFact, SentFact } from '../../../queries/chat-history/view.ts';
import type { PendingRows } from '../pending-rows.ts';
import { foldState, mentionsOf, moreOf, type NamesThrough, namesText } from './facts.ts';
import { idRow } from './ids.ts';
import { bucketOf, dayOf, EARLY_REVS, firstSeqOf, partOf, reactorSlotOf } from './places.ts';

/**
 * The rows of a fact. Each follows from the log alone, its timestamp too: the seq of the event that it came with. So
 * whoever writes it, how often, and however late, it is the same row.
 */
const SENT = `INSERT INTO chat_history (chat, bucket, message_seq, rev, seq, at, actor, body, number, message_id, more)
  VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?`;
const BUCKET = 'INSERT INTO chat_history_buckets (chat, bucket) VALUES (?, ?) USING TIMESTAMP ?';
const CHANGE_VALUES =
  'rev, seq, at, actor, kind, body, mentions) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?';
const EARLY = `INSERT INTO chat_history (chat, bucket, message_seq, ${CHANGE_VALUES}`;
const BEYOND = `INSERT INTO chat_history_overflow (chat, message_seq, part, ${CHANGE_VALUES}`;
const TEXT = `INSERT INTO chat_history_texts (chat, message_seq, rev, seq, at, actor, kind, body, mentions)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?`;
const REACTOR = `INSERT INTO chat_history_reactors (chat, message_seq, slot, actor, emoji, seq, rev, kind)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?`;
const DELETION =
  'INSERT INTO chat_history_deletions (chat, bucket, message_seq, seq) VALUES (?, ?, ?, ?) USING TIMESTAMP ?';
const FOLD = `INSERT INTO chat_history_folds (chat, message_seq, part, rev, seq, state, names_through)
  VALUES (?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?`;
const FOLD_SEQ =
  'INSERT INTO chat_history_fold_seqs (chat, message_seq, seq, rev) VALUES (?, ?, ?, ?) USING TIMESTAMP ?';

export function addSent(rows: PendingRows, chat: ChatId, fact: SentFact): void {
  const { seq, at, senderId, text, number, messageId } = fact;
  const bucket = bucketOf(seq);
  const params = [chat, bucket, seq, seq, at, senderId, text, number, messageId, moreOf(fact), seq];
  rows.add(chat, bucket, { query: SENT, params });
  addId(rows, chat, { id: messageId, seq, message: true });
}

/** That a bucket holds messages. Written now and then while it fills: always the same row. */
export function addBucket(rows: PendingRows, chat: ChatId, bucket: number): void {
  rows.add(chat, '', { query: BUCKET, params: [chat, bucket, firstSeqOf(bucket)] });
}

export function addId(rows: PendingRows, chat: ChatId, of: { id: string; seq: number; message: boolean }): void {
  const day = dayOf(of.id);
  rows.add(chat, day, idRow(chat, day, of));
}

export function addChange(rows: PendingRows, chat: ChatId, fact: ChangeFact): void {
  const { messageSeq, rev, seq, at, actor, kind, text, emoji } = fact;
  const bucket = bucketOf(messageSeq);
  const values = [rev, seq, at, actor, kind, text ?? emoji, mentionsOf(fact), seq];
  if (kind === 'deleted') {
    const params = [chat, bucket, messageSeq, seq, seq];
    rows.add(chat, bucket, { query: DELETION, params });
  }
  if (rev <= EARLY_REVS) {
    rows.add(chat, bucket, { query: EARLY, params: [chat, bucket, messageSeq, ...values] });
    return;
  }
  const part = partOf(rev);
  rows.add(chat, `${messageSeq} ${part}`, { query: BEYOND, params: [chat, messageSeq, part, ...values] });
  if (emoji === undefined) {
    rows.add(chat, `${messageSeq}`, { query: TEXT, params: [chat, messageSeq, ...values] });
  } else {
    const slot = reactorSlotOf(actor);
    const params = [chat, messageSeq, slot, actor, emoji, seq, rev, kind, seq];
    rows.add(chat, `${messageSeq} ${slot}`, { query: REACTOR, params });
  }
}

export function addFold(
  rows: PendingRows,
  chat: ChatId,
  { fact, namesThrough }: { fact: FoldFact; namesThrough: NamesThrough },
): void {
  const { messageSeq, rev, seq } = fact;
  const part = partOf(rev);
  const params = [chat, messageSeq, part, rev, seq, foldState(fact), namesText(namesThrough), seq];
  rows.add(chat, `${messageSeq} ${part}`, { query: FOLD, params });
  rows.add(chat, `${messageSeq}`, { query: FOLD_SEQ, params: [chat, messageSeq, seq, rev, seq] });
}
