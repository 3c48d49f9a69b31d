import type { ChatKind, HistoryVisibility, PastContent, Role } from '../../events/chat.ts';
import type { ChatId, UserId } from '../../events/ids.ts';
import type { Stay } from '../../queries/members/view.ts';

/** One chat. `headSeq` 0: the view does not hold it yet. */
export interface ChatRow {
  readonly chatId: ChatId;
  kind: ChatKind;
  title: string | null;
  memberCount: number;
  headSeq: number;
  headPosition: number;
  orderPosition: number;
  lastMessageSeq: number;
  messageCount: number;
  historyVisibility: HistoryVisibility;
  pastContent: PastContent;
}

/** One membership, past ones too. `stays` empty: the view does not hold it yet. */
export interface MembershipRow {
  /** Null while the user is not a member. */
  role: Role | null;
  stays: Stay[];
  readSeq: number;
  deliveredSeq: number;
}

/** Rows to be changed in place and touched; the writer stores each touched row once, when it is flushed. */
export interface UserChatsWriter<Chat extends ChatRow = ChatRow, Membership extends MembershipRow = MembershipRow> {
  chat(chatId: ChatId): Chat;
  touch(chat: Chat): void;
  membership(chat: Chat, userId: UserId): Membership;
  touchMembership(chat: Chat, membership: Membership): void;
  flush(): void;
  reset(): void;
}
