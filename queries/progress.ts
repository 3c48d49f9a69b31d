import type { LogPosition } from '../events/event-store.ts';

/** How far the views have come. Implemented beside each projection runner. */
export interface ViewProgress {
  /** The greatest log position that every view holds. */
  position(): LogPosition;
  /** Resolves true as soon as `position()` ≥ the given one, false after `withinMs`. */
  reached(position: LogPosition, withinMs: number): Promise<boolean>;
  /** Milliseconds for which the views have been behind the log's head without a break; 0 when they hold it. */
  lagMs(): number;
  /**
   * Whether views of the cluster are being emptied and filled again: chat history with the chat log, or user chats with
   * members and users. True well before anything is missing, until they hold again what they held. Embedded, another
   * view is built beside the live one, and none is ever rebuilt in place.
   */
  rebuilding?(views: RebuiltViews): Promise<boolean>;
}

export type RebuiltViews = 'chat-history' | 'user-chats';
