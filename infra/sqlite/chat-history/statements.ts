import type { MessageFacts, SentFact } from '../../../queries/chat-history/view.ts';
import { FOLD_EVERY } from '../../../queries/chat-history/view.ts';
import type { Database } from '../database.ts';
import { type Generation, tableName } from '../views/tables.ts';
import {
  CHANGE_COLUMNS,
  type ChangeRow,
  changeFact,
  FOLD_COLUMNS,
  type FoldRow,
  foldFact,
  type IdOf,
  MESSAGE_COLUMNS,
  type MessageRow,
  sentFact,
} from './rows.ts';

/** The rev of the last change that lies in `changes`: its fold stands for them all. */
export const OVERFLOW_AFTER_REV = FOLD_EVERY + 1;

/** The reading of messages with their folds and changes, shared by the reader and by the writer's own look back. */
export function messageStatements(db: Database, generation: Generation) {
  const t = (name: string) => tableName(`chat_history_${name}`, generation);
  const arrays = { arrays: true };
  return {
    before: db.prepare<MessageRow>(
      `SELECT ${MESSAGE_COLUMNS} FROM ${t('messages')} WHERE chat = ? AND seq <= ? ORDER BY seq DESC LIMIT ?`,
      arrays,
    ),
    after: db.prepare<MessageRow>(
      `SELECT ${MESSAGE_COLUMNS} FROM ${t('messages')} WHERE chat = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?`,
      arrays,
    ),
    one: db.prepare<MessageRow>(`SELECT ${MESSAGE_COLUMNS} FROM ${t('messages')} WHERE chat = ? AND seq = ?`, arrays),
    changes: db.prepare<ChangeRow>(
      `SELECT ${CHANGE_COLUMNS} FROM ${t('changes')}
        WHERE chat = ? AND message_seq BETWEEN ? AND ? AND seq <= ? ORDER BY message_seq, rev`,
      arrays,
    ),
    fold: db.prepare<FoldRow>(
      `SELECT ${FOLD_COLUMNS} FROM ${t('folds')}
        WHERE chat = ? AND message_seq = ? AND seq <= ? ORDER BY seq DESC LIMIT 1`,
      arrays,
    ),
    overflow: db.prepare<ChangeRow>(
      `SELECT ${CHANGE_COLUMNS} FROM ${t('overflow')}
        WHERE chat = ? AND message_seq = ? AND rev > ? AND rev <= ? AND seq <= ? ORDER BY rev`,
      arrays,
    ),
  };
}
export type MessageStatements = ReturnType<typeof messageStatements>;

/** What goes on from a fold: nothing that a page reads grows with a message's further changes. */
export function withChanges(
  statements: MessageStatements,
  { chat, row, changes, through }: { chat: number; row: MessageRow; changes: readonly ChangeRow[]; through: number },
  userId: IdOf,
): MessageFacts {
  const sent = sentFact(row, userId);
  const fold = changes.length < FOLD_EVERY ? undefined : statements.fold.get(chat, sent.seq, through);
  if (!fold) return { sent, fold: null, changes: changes.map((change) => changeFact(change, userId)) };
  return withFold(statements, { chat, sent, fold, through }, userId);
}

/** One message by itself: of one that has a fold, the changes that it stands for are not looked at. */
export function factsOf(
  statements: MessageStatements,
  { chat, row, through }: { chat: number; row: MessageRow; through: number },
  userId: IdOf,
): MessageFacts {
  const sent = sentFact(row, userId);
  const fold = statements.fold.get(chat, sent.seq, through);
  if (fold) return withFold(statements, { chat, sent, fold, through }, userId);
  const changes = statements.changes.all(chat, sent.seq, sent.seq, through);
  return { sent, fold: null, changes: changes.map((change) => changeFact(change, userId)) };
}

function withFold(
  statements: MessageStatements,
  { chat, sent, fold, through }: { chat: number; sent: SentFact; fold: FoldRow; through: number },
  userId: IdOf,
): MessageFacts {
  const rev = fold[2];
  const since = statements.overflow.all(chat, sent.seq, rev, rev + FOLD_EVERY, through);
  return { sent, fold: foldFact(fold, userId), changes: since.map((change) => changeFact(change, userId)) };
}
