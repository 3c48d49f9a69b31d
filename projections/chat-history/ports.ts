import type { ChatId, MessageId, UserId } from '../../events/ids.ts';
import type { ChangeFact, FoldFact, MessageFacts, SentFact } from '../../queries/chat-history/view.ts';

/** A chat as the writer knows it. `head`: the last seq that the view holds, 0 for none. */
export interface HistoryChat {
  readonly head: number;
}

/**
 * Where the facts of chat history go. What was written is read back at once, committed or not. A store that can only
 * be asked asynchronously loads, before a batch, the messages for which the batch has a change that ends in a fold.
 */
export interface ChatHistoryWriter<Chat extends HistoryChat = HistoryChat> {
  chat(chatId: ChatId): Chat;
  advance(chat: Chat, seq: number): void;
  sent(chat: Chat, fact: SentFact): void;
  changed(chat: Chat, fact: ChangeFact): void;
  folded(chat: Chat, fact: FoldFact): void;
  /** The id of a command that did something else than send the message of that id. */
  command(chat: Chat, id: MessageId, seq: number): void;
  /** The last fold (or the send) and the changes after it; null where the message is not there. */
  facts(chat: Chat, messageSeq: number): MessageFacts | null;
  /** The users whose reaction stands, in order of their rev. Only asked for messages that have a fold already. */
  standing(chat: Chat, of: { messageSeq: number; emoji: string; limit: number }): UserId[];
  flush(): void;
  reset(): void;
}
