import type { ChatId } from '../../../events/ids.ts';
import type { ChatRow } from '../../../projections/user-chats/ports.ts';
import { numberColumn, textColumn } from '../arrays.ts';
import type { Bound, Session } from '../pool.ts';

/** Of a chat without a row. */
export const NEW_CHAT: Omit<ChatRow, 'chatId'> = {
  kind: 'group',
  title: null,
  memberCount: 0,
  headSeq: 0,
  headPosition: 0,
  orderPosition: 0,
  lastMessageSeq: 0,
  messageCount: 0,
  historyVisibility: 'all',
  pastContent: 'then',
};

export const CHAT_COLUMNS = `c.chat_id AS "chatId", c.kind, c.title, c.member_count AS "memberCount", c.head_seq AS "headSeq",
  c.head_position AS "headPosition", c.order_position AS "orderPosition", c.last_message_seq AS "lastMessageSeq",
  c.message_count AS "messageCount", c.history_visibility AS "historyVisibility", c.past_content AS "pastContent"`;

export const loadChats = (session: Session, chatIds: readonly ChatId[]): Promise<ChatRow[]> =>
  session.query(`SELECT ${CHAT_COLUMNS} FROM user_chats_chats c WHERE c.chat_id = ANY($1::text[])`, [
    textColumn(chatIds, (chatId) => chatId),
  ]);

/** Never back: a row that knows more stays as it is. */
const STORE = `INSERT INTO user_chats_chats AS c (chat_id, kind, title, member_count, head_seq, head_position,
    order_position, last_message_seq, message_count, history_visibility, past_content)
  SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::bigint[], $6::bigint[],
    $7::bigint[], $8::bigint[], $9::bigint[], $10::text[], $11::text[])
  ON CONFLICT (chat_id) DO UPDATE SET kind = excluded.kind, title = excluded.title,
    member_count = excluded.member_count, head_seq = excluded.head_seq, head_position = excluded.head_position,
    order_position = excluded.order_position, last_message_seq = excluded.last_message_seq,
    message_count = excluded.message_count, history_visibility = excluded.history_visibility,
    past_content = excluded.past_content
  WHERE c.head_seq < excluded.head_seq`;

export const storeChats = (chats: readonly ChatRow[]): Bound => ({
  statement: { name: 'user-chats-store-chats', text: STORE },
  values: [
    textColumn(chats, ({ chatId }) => chatId),
    textColumn(chats, ({ kind }) => kind),
    textColumn(chats, ({ title }) => title),
    numberColumn(chats, ({ memberCount }) => memberCount),
    numberColumn(chats, ({ headSeq }) => headSeq),
    numberColumn(chats, ({ headPosition }) => headPosition),
    numberColumn(chats, ({ orderPosition }) => orderPosition),
    numberColumn(chats, ({ lastMessageSeq }) => lastMessageSeq),
    numberColumn(chats, ({ messageCount }) => messageCount),
    textColumn(chats, ({ historyVisibility }) => historyVisibility),
    textColumn(chats, ({ pastContent }) => pastContent),
  ],
});
