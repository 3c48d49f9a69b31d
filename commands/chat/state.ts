import type { ChatKind, HistoryVisibility, PastContent, Role, StoredChatFact } from '../../events/chat.ts';
import { words } from '../../events/content.ts';
import type { ChatId, MessageId, UserId } from '../../events/ids.ts';
import type { Span } from '../api.ts';
import type { Journal } from '../journal.ts';
import { emptyIdWindow, type IdWindow } from './id-window.ts';

/**
 * What deciding needs of a chat: a core (head, members), the ids of recent commands, and such messages as are at hand.
 * A message that is not at hand is not thereby absent: see gather.ts.
 */
export interface ChatState {
  readonly chatId: ChatId;
  head: Head;
  /** Everybody who ever was a member, in the order of their first coming. */
  readonly members: Map<UserId, Member>;
  /** The seq of each member's latest message. */
  readonly sent: Map<UserId, number>;
  readonly ids: IdWindow;
  /** Exact as of the head. */
  readonly messages: Map<MessageId, MessageState>;
}

/** Mutated in place, since each event does: whoever may have to go back keeps a copy. */
export interface Head {
  /** 0 before the first event. */
  seq: number;
  /** Milliseconds since 1970. */
  at: number;
  /** Log position of an event at or after the last one; 0 while it is not stored. */
  position: number;
  lastEventId: string;
  kind: ChatKind;
  title: string | null;
  historyVisibility: HistoryVisibility;
  pastContent: PastContent;
  /** How many there are now. */
  members: number;
  admins: number;
  messages: number;
}

export interface Member {
  /** null when not a member now. */
  readonly role: Role | null;
  /** Oldest first. */
  readonly spans: readonly Span[];
}

export interface MessageState {
  readonly seq: number;
  readonly senderId: UserId;
  readonly rev: number;
  readonly deleted: boolean;
  readonly text: string;
  readonly mentions: readonly UserId[];
  /** How many users stand behind each emoji that stands. */
  readonly emojis: Map<string, number>;
  /** `reactorKey` → whether that reaction stands. */
  readonly reactors: Map<string, boolean>;
  /** A reaction that `reactors` does not name does not stand; else it is unknown. */
  readonly complete: boolean;
}

export const reactorKey = (emoji: string, userId: UserId): string => `${emoji} ${userId}`;

/** An event on its way into the state. `fact` is null for a type that this version does not know. */
export interface Happened {
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly actor: UserId;
  readonly commandId: string;
  readonly fact: StoredChatFact | null;
}

export const emptyState = (chatId: ChatId): ChatState => ({
  chatId,
  head: {
    seq: 0,
    at: 0,
    position: 0,
    lastEventId: '',
    kind: 'group',
    title: null,
    historyVisibility: 'all',
    pastContent: 'then',
    members: 0,
    admins: 0,
    messages: 0,
  },
  members: new Map(),
  sent: new Map(),
  ids: emptyIdWindow(),
  messages: new Map(),
});

export const roleOf = (state: ChatState, userId: UserId): Role | null => state.members.get(userId)?.role ?? null;

/** Whether a present member may see the event with that seq (PROTOCOL §3.2). */
export function canSee(state: ChatState, userId: UserId, seq: number): boolean {
  if (state.head.historyVisibility === 'all') return true;
  const spans = state.members.get(userId)?.spans ?? [];
  return spans.some((span) => span.from <= seq && (span.to === null || seq <= span.to));
}

/** Applies the next event to the whole state. */
export function evolve(state: ChatState, event: Happened, journal: Journal): void {
  if (!state.ids.seqs.has(event.commandId)) journal.set(state.ids.seqs, event.commandId, event.seq);
  state.head.seq = event.seq;
  state.head.at = event.at;
  if (event.fact === null) return;
  if (event.fact.type === 'MessageSent') journal.set(state.sent, event.actor, event.seq);
  evolveCore(state, event.seq, event.fact, journal);
  evolveMessages(state.messages, event, journal);
}

function evolveCore(state: ChatState, seq: number, fact: StoredChatFact, journal: Journal): void {
  switch (fact.type) {
    case 'ChatStarted': {
      const { kind, title, historyVisibility, pastContent } = fact.data;
      Object.assign(state.head, { kind, title: title ? words(title) : null, historyVisibility, pastContent });
      for (const { userId, role } of fact.data.members) comes(state, { userId, role, seq }, journal);
      return;
    }
    case 'ChatRenamed':
      state.head.title = words(fact.data.title);
      return;
    case 'MemberAdded':
      comes(state, { ...fact.data, seq }, journal);
      return;
    case 'MemberRemoved':
      goes(state, fact.data.userId, seq, journal);
      return;
    case 'MemberRoleChanged': {
      const member = state.members.get(fact.data.userId);
      if (!member || member.role === null) return;
      journal.set(state.members, fact.data.userId, { ...member, role: fact.data.role });
      count(state, 0, admins(fact.data.role) - admins(member.role));
      return;
    }
    case 'MessageSent':
      state.head.messages = fact.data.number;
      return;
    case 'MessageEdited':
    case 'MessageDeleted':
    case 'ReactionAdded':
    case 'ReactionRemoved':
      return;
  }
}

const admins = (role: Role | null): number => (role === 'admin' ? 1 : 0);

function count(state: ChatState, members: number, adminsMore: number): void {
  state.head.members += members;
  state.head.admins += adminsMore;
}

function comes(state: ChatState, coming: { userId: UserId; role: Role; seq: number }, journal: Journal): void {
  const { userId, role, seq } = coming;
  const before = state.members.get(userId);
  if (before && before.role !== null) {
    journal.set(state.members, userId, { ...before, role });
    count(state, 0, admins(role) - admins(before.role));
    return;
  }
  journal.set(state.members, userId, { role, spans: [...(before?.spans ?? []), { from: seq, to: null }] });
  count(state, 1, admins(role));
}

function goes(state: ChatState, userId: UserId, seq: number, journal: Journal): void {
  const before = state.members.get(userId);
  if (!before || before.role === null) return;
  const spans = before.spans.map((span) => (span.to === null ? { ...span, to: seq } : span));
  journal.set(state.members, userId, { role: null, spans });
  count(state, -1, -admins(before.role));
}

/** Applies what an event does to messages at hand, and takes in the one that it sends. */
export function evolveMessages(messages: Map<MessageId, MessageState>, event: Happened, journal: Journal): void {
  const { fact, seq, actor } = event;
  switch (fact?.type) {
    case 'MessageSent': {
      const { messageId, text, mentions } = fact.data;
      journal.set(messages, messageId, {
        seq,
        senderId: actor,
        rev: 1,
        deleted: false,
        text: words(text),
        mentions: mentions ?? [],
        emojis: new Map(),
        reactors: new Map(),
        complete: true,
      });
      return;
    }
    case 'MessageEdited':
    case 'MessageDeleted':
    case 'ReactionAdded':
    case 'ReactionRemoved': {
      const message = messages.get(fact.data.messageId);
      if (message) journal.set(messages, fact.data.messageId, changed(message, { fact, actor }, journal));
      return;
    }
    default:
      return;
  }
}

type ChangeFact = StoredChatFact & { type: 'MessageEdited' | 'MessageDeleted' | 'ReactionAdded' | 'ReactionRemoved' };

function changed(message: MessageState, event: { fact: ChangeFact; actor: UserId }, journal: Journal): MessageState {
  const { fact, actor } = event;
  const { rev } = fact.data;
  switch (fact.type) {
    case 'MessageEdited':
      return { ...message, rev, text: words(fact.data.text), mentions: fact.data.mentions ?? [] };
    case 'MessageDeleted':
      return {
        ...message,
        rev,
        deleted: true,
        text: '',
        mentions: [],
        emojis: new Map(),
        reactors: new Map(),
        complete: true,
      };
    case 'ReactionAdded':
    case 'ReactionRemoved':
      react(message, { emoji: fact.data.emoji, actor, stands: fact.type === 'ReactionAdded' }, journal);
      return { ...message, rev };
  }
}

function react(
  message: MessageState,
  reaction: { emoji: string; actor: UserId; stands: boolean },
  journal: Journal,
): void {
  const { emoji, actor, stands } = reaction;
  const key = reactorKey(emoji, actor);
  const stood = message.reactors.get(key) ?? (message.complete ? false : !stands);
  if (stood === stands) return;
  if (stands || !message.complete) journal.set(message.reactors, key, stands);
  else journal.delete(message.reactors, key);
  const standing = (message.emojis.get(emoji) ?? 0) + (stands ? 1 : -1);
  if (standing > 0) journal.set(message.emojis, emoji, standing);
  else journal.delete(message.emojis, emoji);
}
