import type { ChatHistoryReader, MessageFacts } from '../../../queries/chat-history/view.ts';
import type { Database } from '../database.ts';
import type { KeyReader } from '../views/interning.ts';
import type { Snapshot } from '../views/snapshot.ts';
import { type Generation, tableName } from '../views/tables.ts';
import { emojisOf, reactionsPage } from './reactions.ts';
import { CHANGE_COLUMNS, type ChangeRow, changeFact, type MessageRow } from './rows.ts';
import { factsOf, type MessageStatements, messageStatements, withChanges } from './statements.ts';

interface Deps {
  db: Database;
  generation: Generation;
  chats: KeyReader;
  users: KeyReader;
  snapshot: Snapshot;
}

type Pages = Pick<ChatHistoryReader, 'page' | 'messages' | 'seqOf' | 'numberThrough' | 'head'>;

export const chatHistoryReader = (deps: Deps): ChatHistoryReader => ({ ...pagesReader(deps), ...changesReader(deps) });

/** Messages as they stand at some point. */
function pagesReader({ db, generation, chats, users, snapshot }: Deps): Pages {
  const read = messageStatements(db, generation);
  const sql = readStatements(db, generation);

  return {
    async page(chatId, { through, limit, before, after }) {
      const chat = chats.key(chatId);
      if (chat === null) return [];
      return snapshot(() => {
        const rows =
          after === undefined
            ? read.before.all(chat, Math.min(through, (before ?? through + 1) - 1), limit).reverse()
            : read.after.all(chat, after, through, limit);
        return pageFacts(read, { chat, rows, through }, users.id);
      });
    },
    async messages(chatId, seqs, through) {
      const chat = chats.key(chatId);
      if (chat === null) return [];
      return snapshot(() => {
        const rows = [...new Set(seqs)]
          .filter((seq) => seq <= through)
          .sort((a, b) => a - b)
          .map((seq) => read.one.get(chat, seq))
          .filter((row) => row !== undefined);
        return rows.map((row) => factsOf(read, { chat, row, through }, users.id));
      });
    },
    async seqOf(chatId, messageId) {
      const chat = chats.key(chatId);
      return chat === null ? null : (sql.seqOf.get(chat, messageId)?.[0] ?? null);
    },
    async numberThrough(chatId, through) {
      const chat = chats.key(chatId);
      return chat === null ? 0 : (sql.number.get(chat, through)?.[0] ?? 0);
    },
    async head(chatId) {
      const chat = chats.key(chatId);
      return chat === null ? 0 : (sql.head.get(chat)?.[0] ?? 0);
    },
  };
}

/** What became of messages. */
function changesReader({ db, generation, chats, users, snapshot }: Deps): Omit<ChatHistoryReader, keyof Pages> {
  const sql = readStatements(db, generation);
  const reactions = reactionsPage(db, generation, users);
  const emojis = emojisOf(db, generation);
  const deleted = deletedSince(db, generation);

  return {
    async textChanges(chatId, messageSeq, through) {
      const chat = chats.key(chatId);
      if (chat === null) return [];
      const rows = sql.texts.all(chat, messageSeq, through, chat, messageSeq, through);
      return rows.map((row) => changeFact(row, users.id));
    },
    async changes(chatId, messageSeq, { afterRev, through, limit }) {
      const chat = chats.key(chatId);
      if (chat === null) return [];
      const where = [chat, messageSeq, afterRev, through] as const;
      return sql.changes.all(...where, ...where, limit).map((row) => changeFact(row, users.id));
    },
    async deletedAmong(chatId, messageSeqs, through) {
      const chat = chats.key(chatId);
      if (chat === null) return new Set();
      return snapshot(() => new Set(messageSeqs.filter((seq) => deleted(chat, seq, through))));
    },
    async reactions(chatId, messageSeq, page) {
      const chat = chats.key(chatId);
      if (chat === null) return { reactions: [], nextRev: null };
      return snapshot(() =>
        deleted(chat, messageSeq, page.through)
          ? { reactions: [], nextRev: null }
          : reactions(chat, { messageSeq, ...page }),
      );
    },
    async emojisOf(chatId, messageSeq, userId, through) {
      const chat = chats.key(chatId);
      const user = users.key(userId);
      if (chat === null || user === null) return [];
      return snapshot(() => (deleted(chat, messageSeq, through) ? [] : emojis({ chat, messageSeq, user, through })));
    },
  };
}

function readStatements(db: Database, generation: Generation) {
  const t = (name: string) => tableName(`chat_history_${name}`, generation);
  const arrays = { arrays: true };
  const texts = (table: string) =>
    `SELECT ${CHANGE_COLUMNS} FROM ${t(table)}
      WHERE chat = ? AND message_seq = ? AND seq <= ? AND kind IN ('edited', 'deleted')`;
  const changes = (table: string) =>
    `SELECT ${CHANGE_COLUMNS} FROM ${t(table)} WHERE chat = ? AND message_seq = ? AND rev > ? AND seq <= ?`;
  return {
    seqOf: db.prepare<[number]>(`SELECT seq FROM ${t('messages')} WHERE chat = ? AND message_id = ?`, arrays),
    texts: db.prepare<ChangeRow>(`${texts('changes')} UNION ALL ${texts('overflow')} ORDER BY rev`, arrays),
    changes: db.prepare<ChangeRow>(
      `${changes('changes')} UNION ALL ${changes('overflow')} ORDER BY rev LIMIT ?`,
      arrays,
    ),
    number: db.prepare<[number]>(
      `SELECT number FROM ${t('messages')} WHERE chat = ? AND seq <= ? ORDER BY seq DESC LIMIT 1`,
      arrays,
    ),
    head: db.prepare<[number]>(`SELECT head FROM ${t('heads')} WHERE chat = ?`, arrays),
  };
}

/** Whether a message is deleted as of a seq: both indexes hold deletions, the first one nothing else. */
function deletedSince(
  db: Database,
  generation: Generation,
): (chat: number, messageSeq: number, through: number) => boolean {
  const where = "WHERE chat = ? AND message_seq = ? AND seq <= ? AND kind = 'deleted'";
  const early = db.prepare(`SELECT 1 FROM ${tableName('chat_history_changes', generation)} ${where} LIMIT 1`);
  const late = db.prepare(
    `SELECT 1 FROM ${tableName('chat_history_overflow', generation)} ${where} AND kind IN ('edited', 'deleted') LIMIT 1`,
  );
  return (chat, messageSeq, through) =>
    (early.get(chat, messageSeq, through) ?? late.get(chat, messageSeq, through)) !== undefined;
}

interface Found {
  chat: number;
  through: number;
}

/** The changes of all messages of a page are one range, whatever lies between them. */
function pageFacts(
  read: MessageStatements,
  { chat, rows, through }: Found & { rows: readonly MessageRow[] },
  userId: (key: number) => string,
): MessageFacts[] {
  const first = rows[0];
  const last = rows.at(-1);
  if (!first || !last) return [];
  const bySeq = new Map<number, ChangeRow[]>();
  for (const change of read.changes.all(chat, first[0], last[0], through)) {
    const changes = bySeq.get(change[0]);
    if (changes) changes.push(change);
    else bySeq.set(change[0], [change]);
  }
  return rows.map((row) => withChanges(read, { chat, row, changes: bySeq.get(row[0]) ?? [], through }, userId));
}
