import type { ChatKind, HistoryVisibility, PastContent, Role } from '../events/chat.ts';
import type { Outcome } from '../events/error-codes.ts';
import type { ChatId, CommandId, MessageId, UserId } from '../events/ids.ts';
import type { OpsArea } from '../events/ops.ts';
import type { UserRole } from '../events/user.ts';

/**
 * The write side's promises, as the gateway, the command line and the import see them. Every command may be sent again
 * with the same `commandId` (a send: the same `messageId`) for ever and is answered as at first.
 */
interface Command {
  readonly actor: UserId;
  readonly chatId: ChatId;
  readonly commandId: CommandId;
  /** A ULID that all commands of one undertaking share; default: the command's own id. */
  readonly correlationId?: string | undefined;
  /** A ULID: the id of the command (or message) that this one is an answer to. */
  readonly causationId?: string | undefined;
  /** W3C trace context to be recorded in the event; default: what `CommandsDeps.trace` says. */
  readonly traceparent?: string;
}

export type ChatCommand =
  /**
   * A group's `chatId` is the key by which its creation is known: where a client names none, take it from `commandId`,
   * so that a repeat finds the same group. A direct chat that stands is answered by its `ChatStarted`, whoever asks.
   */
  | (Command & {
      type: 'start-chat';
      kind: ChatKind;
      title?: string;
      /** Besides the actor, who is the admin of a group. A direct chat: the peer. Members are known users. */
      members: readonly UserId[];
      historyVisibility?: HistoryVisibility;
      pastContent?: PastContent;
    })
  | (Command & { type: 'rename-chat'; title: string })
  /** Adds a member, or gives a role to one: `role` left out means `member` for a newcomer and no change for the rest. */
  | (Command & { type: 'put-member'; userId: UserId; role?: Role })
  | (Command & { type: 'remove-member'; userId: UserId })
  /** `commandId` is the message's id. `mentions`: each user once, other ids are left out. Any `fileIds` are `not-found` so far. */
  | (Command & {
      type: 'send';
      text: string;
      replyTo?: MessageId;
      mentions?: readonly UserId[];
      fileIds?: readonly string[];
    })
  /** `mentions` left out stay as they are. */
  | (Command & { type: 'edit'; messageId: MessageId; text: string; mentions?: readonly UserId[] })
  | (Command & { type: 'delete'; messageId: MessageId })
  | (Command & { type: 'react' | 'unreact'; messageId: MessageId; emoji: string });

export interface ChatReply {
  chatId: ChatId;
  messageId?: MessageId;
  seq: number;
  /** RFC 3339. */
  at: string;
  /** Public form, at or after the event. */
  position: string;
  changed: boolean;
  /** True where the answer is that of an earlier, identical command (HTTP: 200 rather than 201). */
  repeated: boolean;
}

export interface Profile {
  userId: UserId;
  username: string;
  displayName: string;
  /** 1, 2, 3 … : what `PATCH /me` is checked against. */
  version: number;
}

export interface Receipts {
  readSeq: number;
  deliveredSeq: number;
}

export interface Commands {
  chat(command: ChatCommand): Promise<Outcome<ChatReply>>;
  /**
   * Moves the marks, cumulatively and never back. A seq past the chat's head counts as the head: clients race. What was
   * read was delivered. The answer is where the marks stand, one's own coming and sending counted in.
   */
  moveReceipts(command: {
    actor: UserId;
    chatId: ChatId;
    readSeq?: number;
    deliveredSeq?: number;
  }): Promise<Outcome<Receipts>>;
  /** Registers the name and the user; the secret is the caller's business (`gateway/auth`). `userId` is the caller's, so that a repeat is one. */
  registerUser(command: {
    userId: UserId;
    username: string;
    displayName: string;
    password: boolean;
    commandId: CommandId;
  }): Promise<Outcome<Profile & { repeated: boolean }>>;
  renameUser(command: {
    userId: UserId;
    displayName: string;
    version?: number;
    commandId: CommandId;
  }): Promise<Outcome<Profile>>;
  passwordChanged(command: { userId: UserId; commandId: CommandId }): Promise<Outcome<Profile>>;
  setRoles(command: {
    actor: UserId;
    userId: UserId;
    roles: readonly UserRole[];
    commandId: CommandId;
  }): Promise<Outcome<{ roles: UserRole[] }>>;
  /** From the log itself, so never stale; `username` is empty for an imported author. null where there is no such user. */
  profile(userId: UserId): Promise<(Profile & { roles: UserRole[]; password: boolean }) | null>;
  /** The user behind a name (after NFKC and case folding), from the log itself. */
  userNamed(username: string): Promise<UserId | null>;
  /** A viewer's membership from the log itself, for when the members view lags: see queries/visibility. */
  access(chatId: ChatId, userId: UserId): Promise<ChatAccess | null>;
  /** Records what an operator or analyst did or read in `ops-<area>`. */
  recordOps(entry: {
    actor: string;
    area: OpsArea;
    type: 'OperatorActed' | 'EventSkipped' | 'EventsRead';
    data: Record<string, unknown>;
  }): Promise<void>;
  /** Waits for what is in flight; refuses what comes after. */
  close(): Promise<void>;
}

/** A closed or open stay of a user in a chat: from the seq of the coming through the seq of the leaving. */
export interface Span {
  from: number;
  /** The seq of the `MemberRemoved`, null while the stay lasts. */
  to: number | null;
}

export interface ChatAccess {
  kind: ChatKind;
  historyVisibility: HistoryVisibility;
  pastContent: PastContent;
  headSeq: number;
  /** Present role, null where the user is not a member now. */
  role: Role | null;
  /** Oldest first. */
  spans: Span[];
}
