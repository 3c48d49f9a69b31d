import type { FileRef, Origin } from '../../events/chat.ts';
import type { ChatId, MessageId, UserId } from '../../events/ids.ts';

/**
 * Chat history: append-only facts about messages. Nothing is ever updated or deleted, so replays and reordering are
 * harmless, and a page as of n is the facts with seq ≤ n: its cost depends on the page, not on the history.
 * `at` is milliseconds since 1970.
 */
export interface SentFact {
  seq: number;
  number: number;
  messageId: MessageId;
  senderId: UserId;
  at: number;
  text: string;
  replyTo?: { messageId: MessageId; seq: number };
  mentions?: UserId[];
  files?: FileRef[];
  origin?: Origin;
}

export interface ChangeFact {
  messageSeq: number;
  /** 2, 3, 4 … per message, no gaps. */
  rev: number;
  seq: number;
  at: number;
  actor: UserId;
  kind: 'edited' | 'deleted' | 'reacted' | 'unreacted';
  /** Of an edit. */
  text?: string;
  mentions?: UserId[];
  /** Of a reaction. */
  emoji?: string;
}

/** Every so many changes of one message its state is folded into one fact, so that no page folds more than that. */
export const FOLD_EVERY = 64;

/** A message's state after its change `rev`: what the next `FOLD_EVERY` changes need to go on from, and no more. */
export interface FoldFact {
  messageSeq: number;
  rev: number;
  seq: number;
  text: string;
  mentions: UserId[];
  editedAt: number | null;
  deleted: boolean;
  /**
   * In the order in which each emoji came. `first` are the earliest of those whose reaction stands: all of them, or at
   * least 20 + FOLD_EVERY, so that the first 20 are still known after FOLD_EVERY removals.
   */
  reactions: { emoji: string; count: number; first: UserId[] }[];
}

/** All that is needed to show one message as of a seq: fold the changes onto the fold, or onto the send. */
export interface MessageFacts {
  sent: SentFact;
  fold: FoldFact | null;
  /** After the fold, in order of rev: fewer than FOLD_EVERY where there is a fold, at most FOLD_EVERY where there is none. */
  changes: ChangeFact[];
}

/** The narrow reader that the query needs. `through` is inclusive: facts with a greater seq are not seen. */
export interface ChatHistoryReader {
  /** The messages with `before > seq` (newest first taken) or `after < seq`, always returned oldest first. */
  page(
    chatId: ChatId,
    page: { through: number; limit: number; before?: number; after?: number },
  ): Promise<MessageFacts[]>;
  /** The named messages, by the seqs of their sends; one that was not sent by `through` is left out. Oldest first. */
  messages(chatId: ChatId, seqs: readonly number[], through: number): Promise<MessageFacts[]>;
  /** The seq of the message's send; null where the view does not hold it. */
  seqOf(chatId: ChatId, messageId: MessageId): Promise<number | null>;
  /** Edits and the deletion of a message, in order. */
  textChanges(chatId: ChatId, messageSeq: number, through: number): Promise<ChangeFact[]>;
  /**
   * All changes of a message as they came, in order of rev, after a rev. Only for viewers who were away in between and
   * may not see what then happened to a message: a fold holds too much for them.
   */
  changes(
    chatId: ChatId,
    messageSeq: number,
    page: { afterRev: number; through: number; limit: number },
  ): Promise<ChangeFact[]>;
  /** Which of the messages are deleted as of `through`. */
  deletedAmong(chatId: ChatId, messageSeqs: readonly number[], through: number): Promise<ReadonlySet<number>>;
  /** Reactions that stand as of `through` (none on a message deleted by then), in order of rev, after a rev. `nextRev` is the `afterRev` of the following page, null where there is none. */
  reactions(
    chatId: ChatId,
    messageSeq: number,
    page: { through: number; afterRev: number; limit: number; emoji?: string },
  ): Promise<{
    reactions: { rev: number; emoji: string; userId: UserId; seq: number; at: number }[];
    nextRev: number | null;
  }>;
  /** The emojis with which a user has reacted to a message as of `through`: for a message whose state is folded. */
  emojisOf(chatId: ChatId, messageSeq: number, userId: UserId, through: number): Promise<string[]>;
  /** How many messages there are with seq ≤ `through`. */
  numberThrough(chatId: ChatId, through: number): Promise<number>;
  /** The last seq of the chat that the view holds, 0 for none. Everything up to it is there. */
  head(chatId: ChatId): Promise<number>;
}
