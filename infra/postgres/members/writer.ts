import type { ChatId, UserId } from '../../../events/ids.ts';
import type { MembersChat, MembersWriter } from '../../../projections/members/ports.ts';
import { type LoadedRows, NotLoaded } from '../loaded.ts';
import type { Session } from '../pool.ts';
import { NEW_CHAT } from '../user-chats/chats.ts';
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
  const held = createHeld();
  const { known, spans, frames } = held;
  return {
    writer: writerOver(held),
    size: () => held.size,
    take(chatId, row) {
      const { kind, historyVisibility, pastContent, headSeq, title, memberCount } = row ?? NEW_CHAT;
      const [present, whole] = [new Map(), row === null];
      const chat = { chatId, kind, historyVisibility, pastContent, headSeq, title, memberCount, present, whole };
      known.set(chatId, chat);
      held.size++;
    },
    loadPresent: (session, pairs) => loadInto(held, session, pairs),
    *store() {
      if (spans.size > 0) yield storeSpans([...spans]);
      if (frames.length > 0) yield storeFrames(frames);
    },
    committed() {
      spans.clear();
      frames.length = 0;
    },
    forget: () => forget(held),
  };
}

const createHeld = () => ({
  known: new Map<ChatId, Chat>(),
  spans: new Set<Span>(),
  frames: [] as Frame[],
  size: 0,
});
type Held = ReturnType<typeof createHeld>;

function writerOver(held: Held): MembersWriter<Chat> {
  const { spans, frames } = held;
  return {
    chat: (chatId) => chatOf(held, chatId),
    touch: () => undefined,
    present: presentIn,
    open(chat, span) {
      const { userId, from, since, role } = span;
      const opened: Span = { chatId: chat.chatId, userId, from, to: null, since, role };
      setPresent(held, opened, opened);
      spans.add(opened);
    },
    close(chat, { userId, from }, to) {
      const span = presentIn(chat, userId);
      if (span?.from !== from) throw new Error(`chat ${chat.chatId}: no span of ${userId} is open since ${from}`);
      span.to = to;
      setPresent(held, span, null);
      spans.add(span);
    },
    frame: ({ chatId, title, memberCount }, seq) => void frames.push({ chatId, seq, title, memberCount }),
    flush: () => undefined,
    reset: () => forget(held),
  };
}

async function loadInto(held: Held, session: Session, pairs: readonly Pair[]): Promise<void> {
  const missing = missingPairs(pairs, ({ chatId, userId }) => {
    const chat = chatOf(held, chatId);
    return chat.whole || chat.present.has(userId);
  });
  if (missing.length === 0) return;
  const spans = await loadPresent(session, missing);
  for (const pair of missing) setPresent(held, pair, null);
  for (const span of spans) setPresent(held, span, span);
}

function chatOf({ known }: Held, chatId: ChatId): Chat {
  const chat = known.get(chatId);
  if (!chat) throw new NotLoaded(`chat ${chatId}`);
  return chat;
}

function presentIn(chat: Chat, userId: UserId): Span | null {
  const span = chat.present.get(userId);
  if (span === undefined && !chat.whole) throw new NotLoaded(`the role of ${userId} in chat ${chat.chatId}`);
  return span ?? null;
}

function setPresent(held: Held, { chatId, userId }: Pair, span: Span | null): void {
  const { present } = chatOf(held, chatId);
  if (!present.has(userId)) held.size++;
  present.set(userId, span);
}

function forget(held: Held): void {
  held.known.clear();
  held.spans.clear();
  held.frames.length = 0;
  held.size = 0;
}
