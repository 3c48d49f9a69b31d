import type {
  ChatEvent,
  ChatKind,
  FileRef,
  HiddenEvents,
  HistoryVisibility,
  Origin,
  PastContent,
  Role,
} from '../events/chat.ts';
import type { Withheld } from '../events/content.ts';
import type { Outcome } from '../events/error-codes.ts';
import type { ChatId, MessageId, UserId } from '../events/ids.ts';

/** The read side's promises (PROTOCOL §5), as the gateway and the command line see them. Times are RFC 3339. */
export interface AsOf {
  seq: number;
  at: string | null;
}
/** The chat goes further than its views, one of which could not take an event: `asOf` says how far the answer goes. */
export interface Lagging {
  /** The chat's last event. */
  headSeq: number;
  /** RFC 3339. */
  since: string;
}
/** A point in a chat: a seq, or a UTC instant (ms since 1970): the last event at or before it. */
export type Point = { seq: number } | { time: number };

export interface Reaction {
  emoji: string;
  count: number;
  mine: boolean;
  /** The first 20. */
  userIds: UserId[];
}

export interface Message {
  seq: number;
  number: number;
  messageId: MessageId;
  senderId: UserId;
  at: string;
  text: string;
  editedAt: string | null;
  deleted: boolean;
  withheld: Withheld | null;
  replyTo: { messageId: MessageId; seq: number } | null;
  mentions: UserId[];
  files: FileRef[];
  reactions: Reaction[];
  origin?: Origin;
}

export interface Chat {
  chatId: ChatId;
  kind: ChatKind;
  /** null in a direct chat. */
  title: string | null;
  peerId?: UserId;
  memberCount: number;
  headSeq: number;
  visibleFrom: number;
  readSeq: number;
  role: Role;
  historyVisibility: HistoryVisibility;
  pastContent: PastContent;
  asOf: AsOf;
  lagging?: Lagging;
}
export type ChatSummary = Omit<Chat, 'role' | 'historyVisibility' | 'pastContent' | 'asOf'> & {
  lastMessage: Message | null;
  unread: number;
};

export interface MessagePage {
  chatId: ChatId;
  asOf: AsOf;
  title: string | null;
  memberCount: number;
  lagging?: Lagging;
  messages: Message[];
  next: { before: number; asOf: number } | { after: number; asOf: number } | null;
  position: string;
}

export interface Diff {
  added: Message[];
  edited: { messageId: MessageId; before: string; after: string }[];
  deleted: Message[];
  reactions: { messageId: MessageId; emoji: string; added: UserId[]; removed: UserId[] }[];
  members: { added: UserId[]; removed: UserId[]; roles: { userId: UserId; before: Role; after: Role }[] };
  title: { before: string | null; after: string | null } | null;
  from: AsOf;
  to: AsOf;
}

export type VisibleEvent = ChatEvent | HiddenEvents;

/** What a socket needs to know of one of its user's chats when it begins to listen. */
export interface Subscription {
  chatId: ChatId;
  headSeq: number;
  memberCount: number;
  historyVisibility: HistoryVisibility;
  pastContent: PastContent;
  visibleFrom: number;
  /** The user's stays, oldest first; the last one is open. */
  spans: { from: number; to: number | null }[];
}

export interface Queries {
  /** Resolves true once every view holds everything up to the position (of the chat, where one is named, also if that is parked), false after `withinMs`. */
  caughtUp(position: number, withinMs: number, chatId?: ChatId): Promise<boolean>;
  chats(
    viewer: UserId,
    page: { changedAfter?: number; cursor?: string; limit: number },
  ): Promise<Outcome<{ chats: ChatSummary[]; next: string | null; position: string }>>;
  chat(viewer: UserId, chatId: ChatId, asOf?: Point): Promise<Outcome<Chat & { position: string }>>;
  members(
    viewer: UserId,
    chatId: ChatId,
    page: { asOf?: Point; cursor?: string; limit: number },
  ): Promise<
    Outcome<{
      members: { userId: UserId; role: Role; sinceSeq: number }[];
      next: string | null;
      asOf: AsOf;
      lagging?: Lagging;
      position: string;
    }>
  >;
  messages(
    viewer: UserId,
    chatId: ChatId,
    page: { limit: number; before?: number; after?: number; asOf?: Point },
  ): Promise<Outcome<MessagePage>>;
  versions(
    viewer: UserId,
    chatId: ChatId,
    messageId: MessageId,
  ): Promise<
    Outcome<{
      versions: { rev: number; seq: number; at: string; actor: UserId; text: string; withheld: Withheld | null }[];
      asOf: AsOf;
      lagging?: Lagging;
      position: string;
    }>
  >;
  reactions(
    viewer: UserId,
    chatId: ChatId,
    messageId: MessageId,
    page: { emoji?: string; asOf?: Point; cursor?: string; limit: number },
  ): Promise<
    Outcome<{
      reactions: { emoji: string; userId: UserId; seq: number; at: string }[];
      next: string | null;
      asOf: AsOf;
      lagging?: Lagging;
      position: string;
    }>
  >;
  diff(
    viewer: UserId,
    chatId: ChatId,
    from: Point,
    to: Point,
  ): Promise<Outcome<Diff & { position: string; lagging?: Lagging }>>;
  /** A page of a chat's events through the viewer's eyes: every seq from `visibleFrom` on once, hidden runs as one. */
  events(
    viewer: UserId,
    chatId: ChatId,
    page: { after: number; limit: number; through?: number },
  ): Promise<Outcome<{ events: VisibleEvent[]; next: number | null; asOf: AsOf; position: string }>>;
  /**
   * The exact seq and time of a point, seen by a viewer: `as-of-unknown`, `not-visible`, `behind` as in §3 and §5.
   * `exclusive`: the point is where a diff or a replay sets out, so `visibleFrom - 1` is allowed too.
   */
  resolve(viewer: UserId, chatId: ChatId, point: Point & { exclusive?: boolean }): Promise<Outcome<AsOf>>;
  receipts(
    viewer: UserId,
    chatId: ChatId,
  ): Promise<
    Outcome<{
      receipts: { userId: UserId; readSeq: number; deliveredSeq: number }[];
      asOf: AsOf;
      lagging?: Lagging;
      position: string;
    }>
  >;
  users(query: {
    query: string;
    cursor?: string;
    limit: number;
  }): Promise<Outcome<{ users: PublicUser[]; next: string | null; position: string }>>;
  user(userId: UserId): Promise<Outcome<PublicUser & { position: string }>>;
  /** All present chats of a user, newest first: what a socket's first `sync` starts from. `atLeast` is a log position. */
  subscriptions(userId: UserId, atLeast: number): Promise<Outcome<Subscription[]>>;
  /** The greatest log position that every view holds. */
  position(): number;
}

export interface PublicUser {
  userId: UserId;
  username: string;
  displayName: string;
}
