import type { ChatEvent } from '../../events/chat.ts';
import { decodeChatEvent } from '../../events/codec.ts';
import type { EventLog } from '../../events/event-store.ts';
import type { ChatId } from '../../events/ids.ts';
import { chatStream, revisionOf } from '../../events/streams.ts';

const PAGE_EVENTS = 1_000;

/** A chat's events from the log, oldest first: those after a seq, up to and with another. */
export async function* chatEvents(
  log: EventLog,
  chatId: ChatId,
  { after = 0, through = Number.MAX_SAFE_INTEGER }: { after?: number; through?: number } = {},
): AsyncGenerator<ChatEvent> {
  for (let from = after; from < through; from += PAGE_EVENTS) {
    const limit = Math.min(PAGE_EVENTS, through - from);
    const page = await log.readStream(chatStream(chatId), { from: revisionOf(from + 1), limit });
    for (const event of page) yield decodeChatEvent(event, log.epoch);
    if (page.length < limit) return;
  }
}
