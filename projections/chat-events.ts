import { decode } from '../events/codec.ts';
import type { EventLog, LogPosition, RecordedEvent } from '../events/event-store.ts';
import type { ChatId, UserId } from '../events/ids.ts';
import { pagesOfStream } from '../events/pages.ts';
import { chatStream, receiptsStream } from '../events/streams.ts';

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
  const merged = async (own: readonly RecordedEvent[], upTo: LogPosition): Promise<RecordedEvent[]> => {
    const all = [...own];
    for (const next of receipts.values()) all.push(...(await next(upTo)));
    return all.sort((a, b) => a.position - b.position);
  };
  for await (const own of pagesOfStream(log, chatStream(chatId), { until })) {
    for (const event of own) {
      for (const user of comers(event)) {
        if (!receipts.has(user)) receipts.set(user, lane(pagesOfStream(log, receiptsStream(chatId, user), { until })));
      }
    }
    yield await merged(own, own.at(-1)?.position ?? until);
  }
  const late = await merged([], until);
  if (late.length > 0) yield late;
}

/** Everything of a stream up to a place, from where the call before ended. */
type Lane = (upTo: LogPosition) => Promise<RecordedEvent[]>;

function lane(pages: AsyncGenerator<RecordedEvent[]>): Lane {
  let ahead: RecordedEvent[] = [];
  let ended = false;
  return async (upTo) => {
    const due: RecordedEvent[] = [];
    for (;;) {
      const later = ahead.findIndex(({ position }) => position > upTo);
      due.push(...ahead.splice(0, later < 0 ? ahead.length : later));
      if (later >= 0 || ended) return due;
      const next = await pages.next();
      if (next.done) ended = true;
      else ahead = next.value;
    }
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
