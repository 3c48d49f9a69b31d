import type {
  ChatEvent,
  ChatKind,
  FileRef,
  HiddenEvents,
  HistoryVisibility,
  Origin,
  PastContent,
  Role,
} from '../../events/chat.ts';
import type { Withheld } from '../../events/content.ts';

/** The answers of the public contract, as they come over the wire. Times are RFC 3339 UTC. */
export type {
  ChatEvent,
  ChatKind,
  FileRef,
  HiddenEvents,
  HistoryVisibility,
  Origin,
  PastContent,
  Role,
} from '../../events/chat.ts';
export type { Withheld } from '../../events/content.ts';

/** An event through a viewer's eyes: every seq comes, what may not be seen as a run of `Hidden`. */
export type SeenEvent = ChatEvent | HiddenEvents;

export interface AsOf {
  seq: number;
  at: string | null;
}
/** Beside `asOf` where history lags: a view could not take an event of this chat. Everything still comes live and by `sync`. */
export interface Lagging {
  /** How far the chat goes. */
  headSeq: number;
  since: string;
}
/** A moment of a chat: a seq, or a UTC time with `Z`. */
export type Point = number | string;

export interface User {
  userId: string;
  username: string;
  displayName: string;
}
export type Profile = User & { version: number; roles?: string[] };

export interface Reaction {
  emoji: string;
  count: number;
  mine: boolean;
  /** The first 20. */
  userIds: string[];
}

export interface Message {
  seq: number;
  number: number;
  messageId: string;
  senderId: string;
  at: string;
  text: string;
  editedAt: string | null;
  deleted: boolean;
  withheld: Withheld | null;
  replyTo: { messageId: string; seq: number } | null;
  mentions: string[];
  files: FileRef[];
  reactions: Reaction[];
  origin?: Origin;
}

export interface ChatSummary {
  chatId: string;
  kind: ChatKind;
  title: string | null;
  peerId?: string;
  memberCount: number;
  headSeq: number;
  visibleFrom: number;
  lastMessage: Message | null;
  unread: number;
  readSeq: number;
  lagging?: Lagging;
}
export type Chat = Omit<ChatSummary, 'lastMessage' | 'unread'> & {
  role: Role;
  historyVisibility: HistoryVisibility;
  pastContent: PastContent;
  asOf: AsOf;
};

export type Next = { before: number; asOf: number } | { after: number; asOf: number };
export interface MessagePage {
  chatId: string;
  asOf: AsOf;
  title: string | null;
  memberCount: number;
  lagging?: Lagging;
  messages: Message[];
  next: Next | null;
  position: string;
}

export interface Member {
  userId: string;
  role: Role;
  sinceSeq: number;
}

export interface Version {
  rev: number;
  seq: number;
  at: string;
  actor: string;
  text: string;
  withheld: Withheld | null;
}

export interface Diff {
  added: Message[];
  edited: { messageId: string; before: string; after: string }[];
  deleted: Message[];
  reactions: { messageId: string; emoji: string; added: string[]; removed: string[] }[];
  members: { added: string[]; removed: string[]; roles: { userId: string; before: Role; after: Role }[] };
  title: { before: string | null; after: string | null } | null;
  from: AsOf;
  to: AsOf;
}

export interface Reply {
  chatId: string;
  messageId?: string;
  seq: number;
  at: string;
  position: string;
  changed: boolean;
}

export interface SessionAnswer {
  accessToken: string;
  refreshToken: string;
  expiresAt: string;
  user: User;
  gateway: { url: string };
}

export interface Welcome {
  sessionId: string;
  userId: string;
  epoch: string;
  position: string;
  at: string;
  expiresAt: string;
  heartbeatMs: number;
  limits: Record<string, unknown>;
}

export type ResyncReason = 'slow' | 'far-behind' | 'new' | 'epoch' | 'repaired';

/** What the server says unasked. A kind that a younger server adds is ignored. */
export type Push =
  | ({ ev: 'event' } & SeenEvent)
  | ({ ev: 'replay'; replayId: string } & SeenEvent)
  | { ev: 'replay-end'; replayId: string; reason: 'end' | 'stopped' | 'forbidden' | 'error' }
  | { ev: 'resync'; chatId: string; headSeq: number; reason: ResyncReason }
  | { ev: 'resync'; all: true; reason: ResyncReason }
  | { ev: 'synced'; chatId: string; seq: number }
  | { ev: 'gone'; chatId: string }
  | { ev: 'receipt'; chatId: string; userId: string; readSeq: number; deliveredSeq: number }
  | { ev: 'typing'; chatId: string; userId: string }
  | { ev: 'presence'; userId: string; online: boolean }
  | { ev: 'config'; limits: Record<string, unknown> }
  | { ev: 'moved'; url: string; afterMs: number }
  | ({ ev: 'welcome' } & Welcome);
