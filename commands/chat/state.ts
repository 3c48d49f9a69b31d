import type { ChatKind, HistoryVisibility, PastContent, Role, StoredChatFact } from '../../events/chat.ts';
import type { ChatId, MessageId, UserId } from '../../events/ids.ts';
import type { Span } from '../api.ts';
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

/** An event on its way into the state. `fact` is null for a type that this version does not know, and where it is damaged. */
export interface Happened {
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly actor: UserId;
  readonly commandId: string;
  readonly fact: StoredChatFact | null;
  /** The type of a damaged one. */
  readonly damaged?: string;
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
