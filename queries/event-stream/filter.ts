import type { ChatEvent } from '../../events/chat.ts';
import type { LogPosition } from '../../events/event-store.ts';
import type { ChatId, UserId } from '../../events/ids.ts';

/** Which events of the chats are asked for. All that is given must hold. */
export interface EventFilter {
  /** Exclusive. */
  after?: LogPosition;
  /** Inclusive. */
  until?: LogPosition;
  /** Of the event's `at`, milliseconds since 1970, inclusive. */
  from?: number;
  /** Of the event's `at`, milliseconds since 1970, inclusive. */
  to?: number;
  types?: ReadonlySet<string>;
  chatId?: ChatId;
  actor?: UserId;
}

export function passes(event: ChatEvent, filter: EventFilter): boolean {
  if (filter.types !== undefined && !filter.types.has(event.type)) return false;
  if (filter.chatId !== undefined && event.chatId !== filter.chatId) return false;
  if (filter.actor !== undefined && event.actor !== filter.actor) return false;
  if (filter.from === undefined && filter.to === undefined) return true;
  const at = Date.parse(event.at);
  return at >= (filter.from ?? at) && at <= (filter.to ?? at);
}
