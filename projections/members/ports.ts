import type { ChatKind, HistoryVisibility, PastContent, Role } from '../../events/chat.ts';
import type { ChatId, UserId } from '../../events/ids.ts';

/** One chat's settings and its present frame. `headSeq` 0: the view does not hold it yet. Changed in place, then touched. */
export interface MembersChat {
  readonly chatId: ChatId;
  kind: ChatKind;
  historyVisibility: HistoryVisibility;
  pastContent: PastContent;
  headSeq: number;
  title: string | null;
  memberCount: number;
}

/** A span in which a user had one role; `since` is the seq of the coming that the stay began with. */
export interface RoleSpan {
  userId: UserId;
  from: number;
  since: number;
  role: Role;
}

export interface MembersWriter<Chat extends MembersChat = MembersChat> {
  chat(chatId: ChatId): Chat;
  touch(chat: Chat): void;
  /** The user's open span; null where there is none. */
  present(chat: Chat, userId: UserId): RoleSpan | null;
  open(chat: Chat, span: RoleSpan): void;
  close(chat: Chat, span: RoleSpan, to: number): void;
  /** Title and number of members from this seq on. */
  frame(chat: Chat, seq: number): void;
  flush(): void;
  reset(): void;
}
