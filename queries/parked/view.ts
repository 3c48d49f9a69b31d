import type { LogPosition } from '../../events/event-store.ts';
import type { ChatId } from '../../events/ids.ts';

/** A chat of which some view holds nothing from an event on that it could not take. */
export interface ParkedChat {
  readonly chatId: ChatId;
  /** Of the first event that some view does not hold. */
  readonly position: LogPosition;
  /** Since when, milliseconds since 1970. */
  readonly since: number;
}

export interface ParkedChats {
  /** Null where the views hold of the chat what they hold of all others. */
  of(chatId: ChatId): Promise<ParkedChat | null>;
  /** Few at any time. */
  all(): Promise<readonly ParkedChat[]>;
}
