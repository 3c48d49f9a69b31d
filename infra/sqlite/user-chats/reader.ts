import type { ChatKind, HistoryVisibility, PastContent, Role } from '../../../events/chat.ts';
import type { UserChatRow, UserChatsReader } from '../../../queries/user-chats/view.ts';
import { parseStays } from '../../sql/stays.ts';
import type { Database } from '../database.ts';
import type { KeyReader } from '../views/interning.ts';
import { type Generation, tableName } from '../views/tables.ts';

type Row = [
  chat: number,
  kind: ChatKind,
  title: string | null,
  memberCount: number,
  headSeq: number,
  headPosition: number,
  orderPosition: number,
  lastMessageSeq: number,
  messageCount: number,
  historyVisibility: HistoryVisibility,
  pastContent: PastContent,
  role: Role,
  stays: string,
  readSeq: number,
  deliveredSeq: number,
];

const COLUMNS = `c.chat, c.kind, c.title, c.member_count, c.head_seq, c.head_position, c.order_position,
  c.last_message_seq, c.message_count, c.history_visibility, c.past_content, m.role, m.stays, m.read_seq, m.delivered_seq`;

interface Deps {
  db: Database;
  generation: Generation;
  chats: KeyReader;
  users: KeyReader;
}

export function userChatsReader({ db, generation, chats, users }: Deps): UserChatsReader {
  const memberships = tableName('user_chats_memberships', generation);
  const joined = `${memberships} m CROSS JOIN ${tableName('user_chats_chats', generation)} c ON c.chat = m.chat`;
  const arrays = { arrays: true };
  const ofUser = db.prepare<Row>(
    `SELECT ${COLUMNS} FROM ${joined} WHERE m.user = ? AND m.role IS NOT NULL
      AND c.order_position < ? AND c.head_position > ? ORDER BY c.order_position DESC LIMIT ?`,
    arrays,
  );
  const one = db.prepare<Row>(
    `SELECT ${COLUMNS} FROM ${joined} WHERE m.user = ? AND m.chat = ? AND m.role IS NOT NULL`,
    arrays,
  );
  // The order of ids is not that of their keys, so all present members are read: receipts are for small chats.
  const marks = db.prepare<[string, number, number]>(
    `SELECT u.id, m.read_seq, m.delivered_seq FROM ${memberships} m CROSS JOIN users u ON u.key = m.user
      WHERE m.chat = ? AND m.role IS NOT NULL ORDER BY u.id LIMIT ?`,
    arrays,
  );

  return {
    async chatsOf(userId, { limit, before = Number.MAX_SAFE_INTEGER, changedAfter = -1 }) {
      const user = users.key(userId);
      return user === null
        ? []
        : ofUser.all(user, before, changedAfter, limit).map((row) => chatRow(row, chats.id(row[0])));
    },
    async chatOf(userId, chatId) {
      const user = users.key(userId);
      const chat = chats.key(chatId);
      const row = user === null || chat === null ? undefined : one.get(user, chat);
      return row ? chatRow(row, chatId) : null;
    },
    async receipts(chatId, limit) {
      const chat = chats.key(chatId);
      if (chat === null) return [];
      return marks.all(chat, limit).map(([userId, readSeq, deliveredSeq]) => ({ userId, readSeq, deliveredSeq }));
    },
  };
}

function chatRow(row: Row, chatId: string): UserChatRow {
  return {
    chatId,
    kind: row[1],
    title: row[2],
    memberCount: row[3],
    headSeq: row[4],
    headPosition: row[5],
    orderPosition: row[6],
    lastMessageSeq: row[7],
    messageCount: row[8],
    historyVisibility: row[9],
    pastContent: row[10],
    role: row[11],
    stays: parseStays(row[12]),
    readSeq: row[13],
    deliveredSeq: row[14],
  };
}
