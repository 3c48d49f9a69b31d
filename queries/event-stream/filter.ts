import type { ChatEvent } from '../../events/chat.ts';
import type { LogPosition } from '../../events/event-store.ts';
import type { ChatId, UserId } from '../../events/ids.ts';

/** Which events of the chats are asked for. All that is given must hold. */
export interface EventFilter {
  /** Exclusive. */
  after?: LogPosition;
  /** Inclusive. */
  until?: LogPosition;
  /** Exclusive: what lies before it. */
  before?: LogPosition;
  /** Of the event's `at`, milliseconds since 1970, inclusive. */
  from?: number;
  /** Of the event's `at`, milliseconds since 1970, inclusive. */
  to?: number;
  types?: ReadonlySet<string>;
  chatId?: ChatId;
  actor?: UserId;
  /** Stands somewhere in the event's words, capital or small: a text, a title, the name of a file. */
  text?: string;
}

/** The types that have words to look in. */
export const TYPES_WITH_WORDS: readonly string[] = ['ChatStarted', 'ChatRenamed', 'MessageSent', 'MessageEdited'];

/** Folds away what a search for words does not tell apart. */
export const folded = (text: string): string => text.normalize('NFC').toLowerCase();

/** Whether the words of an event hold `needle`, which was folded. */
export function says({ data }: Pick<ChatEvent, 'data'>, needle: string): boolean {
  const { text, title, files } = data as { text?: unknown; title?: unknown; files?: readonly { name?: unknown }[] };
  const words = [text, title, ...(Array.isArray(files) ? files.map(({ name }) => name) : [])];
  return words.some((each) => typeof each === 'string' && folded(each).includes(needle));
}
