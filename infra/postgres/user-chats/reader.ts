import type { UserId } from '../../../events/ids.ts';
import type { UserChatRow, UserChatsReader } from '../../../queries/user-chats/view.ts';
import { parseStays } from '../../sql/stays.ts';
import type { Postgres } from '../pool.ts';
import { CHAT_COLUMNS } from './chats.ts';

type Row = Omit<UserChatRow, 'stays'> & { stays: string };

const JOINED = `SELECT ${CHAT_COLUMNS}, m.role, m.stays, m.read_seq AS "readSeq", m.delivered_seq AS "deliveredSeq"
  FROM user_chats_memberships m JOIN user_chats_chats c ON c.chat_id = m.chat_id
  WHERE m.user_id = $1 AND m.role IS NOT NULL`;

const OF_USER = `${JOINED} AND c.order_position < $2 AND c.head_position > $3 ORDER BY c.order_position DESC LIMIT $4`;
const ONE = { name: 'user-chats-one', text: `${JOINED} AND m.chat_id = $2` };
const RECEIPTS = `SELECT user_id AS "userId", read_seq AS "readSeq", delivered_seq AS "deliveredSeq"
  FROM user_chats_memberships WHERE chat_id = $1 AND role IS NOT NULL ORDER BY user_id LIMIT $2`;

export function userChatsReader(postgres: Postgres): UserChatsReader {
  return {
    async chatsOf(userId, { limit, before = Number.MAX_SAFE_INTEGER, changedAfter = -1 }) {
      return (await postgres.query<Row>(OF_USER, [userId, before, changedAfter, limit])).map(parsed);
    },
    async chatOf(userId, chatId) {
      const [row] = await postgres.query<Row>(ONE, [userId, chatId]);
      return row ? parsed(row) : null;
    },
    receipts: (chatId, limit) =>
      postgres.query<{ userId: UserId; readSeq: number; deliveredSeq: number }>(RECEIPTS, [chatId, limit]),
  };
}

const parsed = (row: Row): UserChatRow => ({ ...row, stays: parseStays(row.stays) });
