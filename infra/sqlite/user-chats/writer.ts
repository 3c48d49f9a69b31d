import type { ChatKind, HistoryVisibility, PastContent, Role } from '../../../events/chat.ts';
import type { ChatRow, MembershipRow, UserChatsWriter } from '../../../projections/user-chats/ports.ts';
import { parseStays, staysText } from '../../sql/stays.ts';
import type { Database } from '../database.ts';
import type { KeyWriter } from '../views/interning.ts';
import { type Generation, tableName } from '../views/tables.ts';

/** How many memberships are kept between batches. */
const CACHED_MAX = 200_000;

interface Chat extends ChatRow {
  readonly key: number;
  readonly memberships: Map<string, Membership>;
  dirty: boolean;
}
interface Membership extends MembershipRow {
  readonly user: number;
  dirty: boolean;
}

interface Deps {
  db: Database;
  generation: Generation;
  chats: KeyWriter;
  users: KeyWriter;
}

export function userChatsWriter({ db, generation, chats, users }: Deps): UserChatsWriter<Chat, Membership> {
  const sql = statements(db, generation);
  const known = new Map<string, Chat>();
  let cached = 0;
  const dirtyChats: Chat[] = [];
  const dirtyMemberships: [Chat, Membership][] = [];

  const forget = () => {
    known.clear();
    cached = 0;
  };

  return {
    chat(chatId) {
      let chat = known.get(chatId);
      if (!chat) {
        const key = chats.key(chatId);
        chat = { ...(sql.chat.get(key) ?? NEW_CHAT), chatId, key, memberships: new Map(), dirty: false };
        known.set(chatId, chat);
        cached++;
      }
      return chat;
    },
    touch(chat) {
      if (chat.dirty) return;
      chat.dirty = true;
      dirtyChats.push(chat);
    },
    membership(chat, userId) {
      let membership = chat.memberships.get(userId);
      if (!membership) {
        membership = loadMembership(sql, { chat: chat.key, user: users.key(userId) });
        chat.memberships.set(userId, membership);
        cached++;
      }
      return membership;
    },
    touchMembership(chat, membership) {
      if (membership.dirty) return;
      membership.dirty = true;
      dirtyMemberships.push([chat, membership]);
    },
    flush() {
      for (const chat of dirtyChats) if (chat.headSeq > 0) storeChat(sql, chat);
      for (const [chat, membership] of dirtyMemberships) storeMembership(sql, chat, membership);
      dirtyChats.length = 0;
      dirtyMemberships.length = 0;
      if (cached > CACHED_MAX) forget();
    },
    reset() {
      dirtyChats.length = 0;
      dirtyMemberships.length = 0;
      forget();
    },
  };
}

const NEW_CHAT = {
  kind: 'group' as ChatKind,
  title: null,
  memberCount: 0,
  headSeq: 0,
  headPosition: 0,
  orderPosition: 0,
  lastMessageSeq: 0,
  messageCount: 0,
  historyVisibility: 'all' as HistoryVisibility,
  pastContent: 'then' as PastContent,
};

function statements(db: Database, generation: Generation) {
  const chats = tableName('user_chats_chats', generation);
  const memberships = tableName('user_chats_memberships', generation);
  return {
    chat: db.prepare<typeof NEW_CHAT>(
      `SELECT kind, title, member_count AS memberCount, head_seq AS headSeq, head_position AS headPosition,
        order_position AS orderPosition, last_message_seq AS lastMessageSeq, message_count AS messageCount,
        history_visibility AS historyVisibility, past_content AS pastContent FROM ${chats} WHERE chat = ?`,
    ),
    membership: db.prepare<{ role: Role | null; stays: string; readSeq: number; deliveredSeq: number }>(
      `SELECT role, stays, read_seq AS readSeq, delivered_seq AS deliveredSeq FROM ${memberships} WHERE user = ? AND chat = ?`,
    ),
    storeChat: db.prepare(`REPLACE INTO ${chats} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
    storeMembership: db.prepare(`REPLACE INTO ${memberships} VALUES (?, ?, ?, ?, ?, ?)`),
  };
}
type Statements = ReturnType<typeof statements>;

function loadMembership(sql: Statements, { chat, user }: { chat: number; user: number }): Membership {
  const row = sql.membership.get(user, chat);
  if (!row) return { user, role: null, stays: [], readSeq: 0, deliveredSeq: 0, dirty: false };
  const { role, stays, readSeq, deliveredSeq } = row;
  return { user, role, stays: parseStays(stays), readSeq, deliveredSeq, dirty: false };
}

function storeChat(sql: Statements, chat: Chat): void {
  const { key, kind, title, memberCount, headSeq, headPosition, orderPosition } = chat;
  const { lastMessageSeq, messageCount, historyVisibility, pastContent } = chat;
  const places = [headSeq, headPosition, orderPosition, lastMessageSeq, messageCount];
  sql.storeChat.run(key, kind, title, memberCount, ...places, historyVisibility, pastContent);
  chat.dirty = false;
}

function storeMembership(sql: Statements, chat: Chat, membership: Membership): void {
  const { user, role, stays, readSeq, deliveredSeq } = membership;
  sql.storeMembership.run(user, chat.key, role, staysText(stays), readSeq, deliveredSeq);
  membership.dirty = false;
}
