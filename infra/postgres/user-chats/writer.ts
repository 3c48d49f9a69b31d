import type { ChatId, UserId } from '../../../events/ids.ts';
import type { ChatRow, UserChatsWriter } from '../../../projections/user-chats/ports.ts';
import { type LoadedRows, NotLoaded } from '../loaded.ts';
import type { Session } from '../pool.ts';
import { missingPairs, type Pair } from '../views/needs.ts';
import { NEW_CHAT, storeChats } from './chats.ts';
import { loadMemberships, type Membership, newMembership, storeMemberships } from './memberships.ts';

interface Chat extends ChatRow {
  readonly memberships: Map<UserId, Membership>;
  /** There were no rows of it when it was loaded: whoever is not in `memberships` has none. */
  readonly whole: boolean;
}

export interface LoadedUserChats extends LoadedRows {
  readonly writer: UserChatsWriter<Chat, Membership>;
  has(chatId: ChatId): boolean;
  /** `row` null: the chat has none. */
  take(chatId: ChatId, row: ChatRow | null): void;
  /** Of chats that are here. */
  loadMemberships(session: Session, pairs: readonly Pair[]): Promise<void>;
}

export function loadedUserChats(): LoadedUserChats {
  const held = createHeld();
  const { known, flushed } = held;
  return {
    writer: writerOver(held),
    size: () => held.size,
    has: (chatId) => known.has(chatId),
    take(chatId, row) {
      known.set(chatId, heldChat(chatId, row ?? NEW_CHAT, row === null));
      held.size++;
    },
    loadMemberships: (session, pairs) => loadInto(held, session, pairs),
    *store() {
      if (flushed.chats.size > 0) yield storeChats([...flushed.chats]);
      if (flushed.memberships.size > 0) yield storeMemberships([...flushed.memberships]);
    },
    committed() {
      flushed.chats.clear();
      flushed.memberships.clear();
    },
    forget: () => forget(held),
  };
}

const createHeld = () => ({
  known: new Map<ChatId, Chat>(),
  touched: { chats: new Set<Chat>(), memberships: new Set<Membership>() },
  flushed: { chats: new Set<Chat>(), memberships: new Set<Membership>() },
  size: 0,
});
type Held = ReturnType<typeof createHeld>;

function writerOver(held: Held): UserChatsWriter<Chat, Membership> {
  const { touched, flushed } = held;
  return {
    chat: (chatId) => chatOf(held, chatId),
    touch: (chat) => void touched.chats.add(chat),
    membership(chat, userId) {
      const membership = chat.memberships.get(userId);
      if (membership) return membership;
      if (!chat.whole) throw new NotLoaded(`the membership of ${userId} in chat ${chat.chatId}`);
      return keep(held, chat, newMembership({ chatId: chat.chatId, userId }));
    },
    touchMembership: (_, membership) => void touched.memberships.add(membership),
    flush() {
      for (const chat of touched.chats) if (chat.headSeq > 0) flushed.chats.add(chat);
      for (const membership of touched.memberships) flushed.memberships.add(membership);
      touched.chats.clear();
      touched.memberships.clear();
    },
    reset: () => forget(held),
  };
}

/** Field by field: objects that are made by spreading rows are many times slower to read. */
function heldChat(chatId: ChatId, row: Omit<ChatRow, 'chatId'>, whole: boolean): Chat {
  return {
    chatId,
    kind: row.kind,
    title: row.title,
    memberCount: row.memberCount,
    headSeq: row.headSeq,
    headPosition: row.headPosition,
    orderPosition: row.orderPosition,
    lastMessageSeq: row.lastMessageSeq,
    messageCount: row.messageCount,
    historyVisibility: row.historyVisibility,
    pastContent: row.pastContent,
    memberships: new Map(),
    whole,
  };
}

async function loadInto(held: Held, session: Session, pairs: readonly Pair[]): Promise<void> {
  const missing = missingPairs(pairs, ({ chatId, userId }) => {
    const chat = chatOf(held, chatId);
    return chat.whole || chat.memberships.has(userId);
  });
  if (missing.length === 0) return;
  for (const row of await loadMemberships(session, missing)) keep(held, chatOf(held, row.chatId), row);
  for (const pair of missing) {
    const chat = chatOf(held, pair.chatId);
    if (!chat.memberships.has(pair.userId)) keep(held, chat, newMembership(pair));
  }
}

function chatOf({ known }: Held, chatId: ChatId): Chat {
  const chat = known.get(chatId);
  if (!chat) throw new NotLoaded(`chat ${chatId}`);
  return chat;
}

function keep(held: Held, chat: Chat, membership: Membership): Membership {
  chat.memberships.set(membership.userId, membership);
  held.size++;
  return membership;
}

function forget(held: Held): void {
  const { known, touched, flushed } = held;
  known.clear();
  for (const set of [touched.chats, touched.memberships, flushed.chats, flushed.memberships]) set.clear();
  held.size = 0;
}
