import type { ChatId, UserId } from '../../../events/ids.ts';
import type { MembersChat, MembersWriter, RoleSpan } from '../../../projections/members/ports.ts';
import type { Session } from '../pool.ts';
import { NEW_CHAT } from '../user-chats/chats.ts';
import { type LoadedRows, NotLoaded } from '../views/loaded.ts';
import { missingPairs, type Pair } from '../views/needs.ts';
import { type Frame, loadPresent, type Span, storeFrames, storeSpans } from './spans.ts';

interface Chat extends MembersChat {
  /** The open span of each user that is here; null where there is none. */
  readonly present: Map<UserId, Span | null>;
  /** There were no rows of it when it was loaded: whoever is not in `present` has no open span. */
  readonly whole: boolean;
}

export interface LoadedMembers extends LoadedRows {
  readonly writer: MembersWriter<Chat>;
  /** `row` null: the chat has none. */
  take(chatId: ChatId, row: Omit<MembersChat, 'chatId'> | null): void;
  /** Of chats that are here. */
  loadPresent(session: Session, pairs: readonly Pair[]): Promise<void>;
}

/** The chats' own rows are those of user chats: there is nothing else in them, and both are written in one transaction. */
export function loadedMembers(): LoadedMembers {
  const known = new Map<ChatId, Chat>();
  const spans = new Set<Span>();
  const frames: Frame[] = [];
  let size = 0;

  const chatOf = (chatId: ChatId): Chat => {
    const chat = known.get(chatId);
    if (!chat) throw new NotLoaded(`chat ${chatId}`);
    return chat;
  };
  const presentIn = (chat: Chat, userId: UserId): Span | null => {
    const span = chat.present.get(userId);
    if (span === undefined && !chat.whole) throw new NotLoaded(`the role of ${userId} in chat ${chat.chatId}`);
    return span ?? null;
  };
  const setPresent = (chat: Chat, userId: UserId, span: Span | null): void => {
    if (!chat.present.has(userId)) size++;
    chat.present.set(userId, span);
  };
  const forget = () => {
    known.clear();
    spans.clear();
    frames.length = 0;
    size = 0;
  };

  const writer: MembersWriter<Chat> = {
    chat: chatOf,
    touch: () => undefined,
    present: (chat, userId): RoleSpan | null => presentIn(chat, userId),
    open(chat, span) {
      const opened: Span = { chatId: chat.chatId, ...span, to: null };
      setPresent(chat, span.userId, opened);
      spans.add(opened);
    },
    close(chat, { userId, from }, to) {
      const span = presentIn(chat, userId);
      if (span?.from !== from) throw new Error(`chat ${chat.chatId}: no span of ${userId} is open since ${from}`);
      span.to = to;
      setPresent(chat, userId, null);
      spans.add(span);
    },
    frame: ({ chatId, title, memberCount }, seq) => void frames.push({ chatId, seq, title, memberCount }),
    flush: () => undefined,
    reset: forget,
  };

  return {
    writer,
    size: () => size,
    take(chatId, row) {
      const { kind, historyVisibility, pastContent, headSeq, title, memberCount } = row ?? NEW_CHAT;
      const settings = { chatId, kind, historyVisibility, pastContent, headSeq, title, memberCount };
      known.set(chatId, { ...settings, present: new Map(), whole: row === null });
      size++;
    },
    async loadPresent(session, pairs) {
      const missing = missingPairs(pairs, ({ chatId, userId }) => {
        const chat = chatOf(chatId);
        return chat.whole || chat.present.has(userId);
      });
      if (missing.length === 0) return;
      const spans = await loadPresent(session, missing);
      for (const { chatId, userId } of missing) setPresent(chatOf(chatId), userId, null);
      for (const span of spans) setPresent(chatOf(span.chatId), span.userId, span);
    },
    store: (session) => [
      ...(spans.size > 0 ? [storeSpans(session, [...spans])] : []),
      ...(frames.length > 0 ? [storeFrames(session, frames)] : []),
    ],
    committed() {
      spans.clear();
      frames.length = 0;
    },
    forget,
  };
}
