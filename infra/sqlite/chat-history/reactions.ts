import { type ChangeFact, FOLD_EVERY } from '../../../queries/chat-history/view.ts';
import type { Database } from '../database.ts';
import type { KeyReader } from '../views/interning.ts';
import { type Generation, tableName } from '../views/tables.ts';

interface Standing {
  rev: number;
  emoji: string;
  userId: string;
  seq: number;
  at: number;
}
type Row = [rev: number, seq: number, at: number, user: number, emoji: string];
type ChangeRow = [...Row, kind: ChangeFact['kind']];

interface PageQuery {
  messageSeq: number;
  through: number;
  afterRev: number;
  limit: number;
  emoji?: string;
}

/**
 * Reactions that stand, in order of rev. Of a message without a fold they are folded from its few changes; of one with
 * a fold they are spans, found by rev.
 */
export function reactionsPage(db: Database, generation: Generation, users: KeyReader) {
  const few = fewReactions(db, generation);
  const hasFold = foldCheck(db, generation);
  const many = db.prepare<Row>(
    `SELECT rev, seq, at, user, emoji FROM ${tableName('chat_history_reactions', generation)}
      WHERE chat = ?1 AND message_seq = ?2 AND rev > ?3 AND seq <= ?4 AND (gone_seq IS NULL OR gone_seq > ?4)
        AND (?5 IS NULL OR emoji = ?5) ORDER BY rev LIMIT ?6`,
    { arrays: true },
  );
  return (chat: number, { messageSeq, through, afterRev, limit, emoji }: PageQuery) => {
    // One more than asked tells whether there is a next page.
    const rows = hasFold(chat, messageSeq, through)
      ? many.all(chat, messageSeq, afterRev, through, emoji ?? null, limit + 1)
      : few(chat, messageSeq, through).filter((row) => row[0] > afterRev && (emoji ?? row[4]) === row[4]);
    const shown = rows.slice(0, limit);
    return {
      reactions: shown.map(
        ([rev, seq, at, user, name]): Standing => ({ rev, emoji: name, userId: users.id(user), seq, at }),
      ),
      nextRev: rows.length > limit ? (shown.at(-1)?.[0] ?? afterRev) : null,
    };
  };
}

export function emojisOf(db: Database, generation: Generation) {
  const few = fewReactions(db, generation);
  const hasFold = foldCheck(db, generation);
  const many = db.prepare<[string]>(
    `SELECT emoji FROM ${tableName('chat_history_reactions', generation)} WHERE chat = ? AND message_seq = ? AND user = ? AND seq <= ?
      AND (gone_seq IS NULL OR gone_seq > ?) ORDER BY rev`,
    { arrays: true },
  );
  return ({ chat, messageSeq, user, through }: { chat: number; messageSeq: number; user: number; through: number }) =>
    hasFold(chat, messageSeq, through)
      ? many.all(chat, messageSeq, user, through, through).map(([emoji]) => emoji)
      : few(chat, messageSeq, through)
          .filter((row) => row[3] === user)
          .map((row) => row[4]);
}

/** Whether the message has changes enough by then for its reactions to lie in spans. */
function foldCheck(db: Database, generation: Generation) {
  const first = db.prepare<[number]>(
    `SELECT seq FROM ${tableName('chat_history_changes', generation)} WHERE chat = ? AND message_seq = ? AND rev = ${FOLD_EVERY + 1} AND seq <= ?`,
    { arrays: true },
  );
  return (chat: number, messageSeq: number, through: number): boolean =>
    first.get(chat, messageSeq, through) !== undefined;
}

function fewReactions(db: Database, generation: Generation) {
  const changes = db.prepare<ChangeRow>(
    `SELECT rev, seq, at, actor, body, kind FROM ${tableName('chat_history_changes', generation)}
      WHERE chat = ? AND message_seq = ? AND seq <= ? AND kind IN ('reacted', 'unreacted') ORDER BY rev`,
    { arrays: true },
  );
  return (chat: number, messageSeq: number, through: number): Row[] => {
    const standing = new Map<string, Row>();
    for (const [rev, seq, at, user, emoji, kind] of changes.all(chat, messageSeq, through)) {
      const of = `${user} ${emoji}`;
      if (kind === 'unreacted') standing.delete(of);
      else if (!standing.has(of)) standing.set(of, [rev, seq, at, user, emoji]);
    }
    return [...standing.values()];
  };
}
