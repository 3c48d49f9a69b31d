import type { ChatEvent, ChatKind, FileRef, HistoryVisibility, Origin, PastContent, Role } from './chat.ts';
import type { Withheld } from './content.ts';
import type { ChatId, MessageId, UserId } from './ids.ts';

/**
 * The one reducer: a chat as it stands after its events 1..n. History, as-of, verify, the SDK and the console all fold
 * with it. `applyEvent` mutates the view that its caller owns, so that a fold of n events costs n; messages and members
 * inside are replaced, never mutated, so a page that was taken earlier stays as it was.
 */
export interface MessageView {
  readonly seq: number;
  readonly number: number;
  readonly messageId: MessageId;
  readonly senderId: UserId;
  readonly at: string;
  /** 1 for the send, one more for each change. */
  readonly rev: number;
  readonly text: string;
  readonly withheld: Withheld | null;
  readonly editedAt: string | null;
  readonly deleted: boolean;
  readonly replyTo: { readonly messageId: MessageId; readonly seq: number } | null;
  readonly mentions: readonly UserId[];
  readonly files: readonly FileRef[];
  /** In the order in which each emoji came, users in the order in which they reacted. */
  readonly reactions: readonly ReactionView[];
  readonly origin?: Origin;
}

export interface ReactionView {
  readonly emoji: string;
  readonly userIds: readonly UserId[];
}

export interface MemberView {
  readonly userId: UserId;
  readonly role: Role;
  /** The seq of the event with which the present membership began. */
  readonly sinceSeq: number;
}

export interface ChatView {
  readonly chatId: ChatId;
  /** 0 before the first event. */
  seq: number;
  at: string | null;
  kind: ChatKind | null;
  title: string | null;
  historyVisibility: HistoryVisibility;
  pastContent: PastContent;
  members: Map<UserId, MemberView>;
  /** In order of their seq. */
  messages: Map<MessageId, MessageView>;
}

export const emptyChat = (chatId: ChatId): ChatView => ({
  chatId,
  seq: 0,
  at: null,
  kind: null,
  title: null,
  historyVisibility: 'all',
  pastContent: 'then',
  members: new Map(),
  messages: new Map(),
});

/** What stands between a reader and the next event: nothing, a repeat to drop, or a gap to heal. */
export type Continuity = 'next' | 'repeat' | 'gap';
export const continuity = (lastSeq: number, event: { seq: number }): Continuity =>
  event.seq === lastSeq + 1 ? 'next' : event.seq <= lastSeq ? 'repeat' : 'gap';

/** Applies the next event. An event that is not the chat's next one is a broken invariant: it throws. */
export function applyEvent(view: ChatView, event: ChatEvent): ChatView {
  if (continuity(view.seq, event) !== 'next') {
    throw new Error(`chat ${view.chatId}: event ${event.seq} cannot follow ${view.seq}`);
  }
  view.seq = event.seq;
  view.at = event.at;
  switch (event.type) {
    case 'ChatStarted':
      view.kind = event.data.kind;
      view.title = event.data.title ?? null;
      view.historyVisibility = event.data.historyVisibility;
      view.pastContent = event.data.pastContent;
      for (const { userId, role } of event.data.members)
        view.members.set(userId, { userId, role, sinceSeq: event.seq });
      return view;
    case 'ChatRenamed':
      view.title = event.data.title;
      return view;
    case 'MemberAdded':
      view.members.set(event.data.userId, { userId: event.data.userId, role: event.data.role, sinceSeq: event.seq });
      return view;
    case 'MemberRemoved':
      view.members.delete(event.data.userId);
      return view;
    case 'MemberRoleChanged': {
      const member = view.members.get(event.data.userId);
      if (member) view.members.set(member.userId, { ...member, role: event.data.role });
      return view;
    }
    case 'MessageSent':
      view.messages.set(event.data.messageId, sentMessage(event));
      return view;
    case 'MessageEdited':
    case 'MessageDeleted':
    case 'ReactionAdded':
    case 'ReactionRemoved': {
      const message = view.messages.get(event.data.messageId);
      if (message) view.messages.set(message.messageId, changeMessage(message, event));
      return view;
    }
    default:
      return view; // an event of a type younger than this reader changes nothing that it knows
  }
}

export type MessageSentEvent = ChatEvent & { type: 'MessageSent' };
export type MessageChangeEvent = ChatEvent & {
  type: 'MessageEdited' | 'MessageDeleted' | 'ReactionAdded' | 'ReactionRemoved';
};

/** The message that a `MessageSent` makes. */
export function sentMessage(event: Pick<MessageSentEvent, 'seq' | 'actor' | 'at' | 'data'>): MessageView {
  const { messageId, number, text, withheld, replyTo, mentions, files, origin } = event.data;
  return {
    seq: event.seq,
    number,
    messageId,
    senderId: event.actor,
    at: event.at,
    rev: 1,
    text,
    withheld: withheld ?? null,
    editedAt: null,
    deleted: false,
    replyTo: replyTo ?? null,
    mentions: mentions ?? [],
    files: files ?? [],
    reactions: [],
    ...(origin === undefined ? {} : { origin }),
  };
}

/** The message after one change of it. */
export function changeMessage(
  message: MessageView,
  event: Pick<MessageChangeEvent, 'actor' | 'at'> & ChangeFact,
): MessageView {
  const rev = event.data.rev;
  switch (event.type) {
    case 'MessageEdited':
      return {
        ...message,
        rev,
        text: event.data.text,
        withheld: event.data.withheld ?? null,
        mentions: event.data.mentions ?? [],
        editedAt: event.at,
      };
    case 'MessageDeleted':
      return { ...message, rev, text: '', withheld: null, deleted: true, files: [], mentions: [], reactions: [] };
    case 'ReactionAdded':
      return { ...message, rev, reactions: withReaction(message.reactions, event.data.emoji, event.actor) };
    case 'ReactionRemoved':
      return { ...message, rev, reactions: withoutReaction(message.reactions, event.data.emoji, event.actor) };
  }
}

type ChangeFact = MessageChangeEvent extends infer E
  ? E extends { type: infer T; data: infer D }
    ? { type: T; data: D }
    : never
  : never;

function withReaction(reactions: readonly ReactionView[], emoji: string, userId: UserId): readonly ReactionView[] {
  const known = reactions.find((r) => r.emoji === emoji);
  if (!known) return [...reactions, { emoji, userIds: [userId] }];
  if (known.userIds.includes(userId)) return reactions;
  return reactions.map((r) => (r === known ? { emoji, userIds: [...r.userIds, userId] } : r));
}

function withoutReaction(reactions: readonly ReactionView[], emoji: string, userId: UserId): readonly ReactionView[] {
  const known = reactions.find((r) => r.emoji === emoji);
  if (!known?.userIds.includes(userId)) return reactions;
  const userIds = known.userIds.filter((id) => id !== userId);
  return userIds.length === 0
    ? reactions.filter((r) => r !== known)
    : reactions.map((r) => (r === known ? { emoji, userIds } : r));
}
