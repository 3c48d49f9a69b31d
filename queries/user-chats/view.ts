import type { ChatKind, HistoryVisibility, PastContent, Role } from '../../events/chat.ts';
import type { ChatId, UserId } from '../../events/ids.ts';
import type { Stay } from '../members/view.ts';

/** User chats: one row per chat and one per membership, joined when read. Positions are log positions. */
export interface UserChatRow {
  chatId: ChatId;
  kind: ChatKind;
  title: string | null;
  memberCount: number;
  headSeq: number;
  /** Of the chat's last event of any kind. */
  headPosition: number;
  /** Of its last message, or of its start: the order of the list. */
  orderPosition: number;
  /** 0 where there is no message. */
  lastMessageSeq: number;
  /** Messages so far: the `number` of the last one. */
  messageCount: number;
  historyVisibility: HistoryVisibility;
  pastContent: PastContent;
  role: Role;
  /** All stays of this user, oldest first; the last one is open. */
  stays: Stay[];
  readSeq: number;
  deliveredSeq: number;
}

export interface UserChatsReader {
  /** Present chats of a user by orderPosition, newest first, below `before` (exclusive); those with news after a position. */
  chatsOf(userId: UserId, page: { limit: number; before?: number; changedAfter?: number }): Promise<UserChatRow[]>;
  /** null where the user is not a member now. */
  chatOf(userId: UserId, chatId: ChatId): Promise<UserChatRow | null>;
  /** The marks of all present members, in order of userId. */
  receipts(chatId: ChatId, limit: number): Promise<{ userId: UserId; readSeq: number; deliveredSeq: number }[]>;
}
