import { decode } from '../events/codec.ts';
import type { EventLog, LogPosition, RecordedEvent } from '../events/event-store.ts';
import type { ChatId, UserId } from '../events/ids.ts';
import { chatStream, receiptsStream } from '../events/streams.ts';

/** Events of a chat read at once; what lies between two of them is merged in. */
const PAGE_EVENTS = 500;

/**
 * All that happened in a chat, in the order of the log: its own events and the receipts of everybody who was ever in
 * it, each from a stream of its own, so that nothing else of the log is read.
 */
export async function* eventsOfChat(
  log: Pick<EventLog, 'readStream'>,
  chatId: ChatId,
  until: LogPosition,
): AsyncGenerator<RecordedEvent[]> {
  const receipts = new Map<UserId, Lane>();
  for (let from = 0, more = true; more; from += PAGE_EVENTS) {
    const page = await log.readStream(chatStream(chatId), { from, limit: PAGE_EVENTS });
    const own = page.filter(({ position }) => position <= until);
    more = own.length === PAGE_EVENTS;
    for (const event of own) {
      for (const user of comers(event)) if (!receipts.has(user)) receipts.set(user, lane(log, chatId, user));
    }
    const upTo = more ? (own.at(-1)?.position ?? until) : until;
    const merged = [...own];
    for (const next of receipts.values()) merged.push(...(await next(upTo)));
    yield merged.sort((a, b) => a.position - b.position);
  }
}

/** Everything of a stream up to a place, from where the call before ended. */
type Lane = (upTo: LogPosition) => Promise<RecordedEvent[]>;

function lane(log: Pick<EventLog, 'readStream'>, chatId: ChatId, user: UserId): Lane {
  const stream = receiptsStream(chatId, user);
  let from = 0;
  /** Where the next one lies; null: not known. */
  let nextAt: LogPosition | null = null;
  return async (upTo) => {
    const events: RecordedEvent[] = [];
    while (nextAt === null || nextAt <= upTo) {
      const page = await log.readStream(stream, { from, limit: PAGE_EVENTS });
      const due = page.filter(({ position }) => position <= upTo);
      events.push(...due);
      from += due.length;
      if (due.length < page.length) nextAt = page[due.length]?.position ?? null;
      else if (page.length < PAGE_EVENTS) nextAt = Number.POSITIVE_INFINITY;
      if (due.length < PAGE_EVENTS) break;
    }
    return events;
  };
}

function comers(event: RecordedEvent): UserId[] {
  try {
    if (event.type === 'ChatStarted') {
      return (decode(event).data as { members: { userId: UserId }[] }).members.map(({ userId }) => userId);
    }
    return event.type === 'MemberAdded' ? [(decode(event).data as { userId: UserId }).userId] : [];
  } catch {
    return []; // nobody comes by an event that no view can take: whoever folds it is told so, or leaves it out
  }
}
