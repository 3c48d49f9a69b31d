import type { ChatKind, HistoryVisibility, PastContent, Role } from '../../events/chat.ts';
import type { ChatId, UserId } from '../../events/ids.ts';

/**
 * Members: who was in a chat, in which role, from which seq to which, and what the chat was called: spans, so that
 * then and now are the same indexed read.
 */
export interface Stay {
  /** The seq of the coming. */
  from: number;
  /** The seq of the leaving, null while the stay lasts. */
  to: number | null;
}

export interface ChatSettings {
  kind: ChatKind;
  historyVisibility: HistoryVisibility;
  pastContent: PastContent;
  headSeq: number;
}

export interface MembersReader {
  /** null where the view does not know the chat. `headSeq`: everything of the chat up to it is in the view. */
  settings(chatId: ChatId): Promise<ChatSettings | null>;
  /** All stays of a user in a chat, oldest first, and the present role (null where the last stay is over). */
  stays(chatId: ChatId, userId: UserId): Promise<{ role: Role | null; stays: Stay[] }>;
  /** Members as of a seq, in order of userId, after a user. */
  membersAsOf(
    chatId: ChatId,
    page: { through: number; after?: UserId; limit: number },
  ): Promise<{ userId: UserId; role: Role; sinceSeq: number }[]>;
  /** Title and number of members as of a seq. */
  frameAsOf(chatId: ChatId, through: number): Promise<{ title: string | null; memberCount: number }>;
}
