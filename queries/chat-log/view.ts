import type { ChatEvent } from '../../events/chat.ts';
import type { ChatId } from '../../events/ids.ts';

/**
 * Chat log: the events of each chat by seq, words decoded, and a clock that turns an instant into a seq. Serves `sync`,
 * events, replay and diff. Embedded it is the log itself, read through its stream index: a copy would hold nothing that
 * the log does not, and could only be behind it (docs/adr).
 */
export interface ChatLogReader {
  /** Events with `after < seq ≤ through`, at most `limit`, oldest first. */
  events(chatId: ChatId, page: { after: number; limit: number; through?: number }): Promise<ChatEvent[]>;
  /** The last event: null where the chat has none. */
  head(chatId: ChatId): Promise<{ seq: number; at: string } | null>;
  /** When the event with this seq was; null where there is none. */
  atOf(chatId: ChatId, seq: number): Promise<string | null>;
  /** The last event with `at` ≤ time (ms since 1970); null before the first. */
  seqAt(chatId: ChatId, time: number): Promise<{ seq: number; at: string } | null>;
}
