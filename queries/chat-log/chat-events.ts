import type { ChatEvent } from '../../events/chat.ts';
import { readChatEvent } from '../../events/codec.ts';
import type { EventLog } from '../../events/event-store.ts';
import type { ChatId } from '../../events/ids.ts';
import { pagesOfStream } from '../../events/pages.ts';
import { chatStream, revisionOf } from '../../events/streams.ts';

/** A chat's events from the log, oldest first: those after a seq, up to and with another. */
export async function* chatEvents(
  log: EventLog,
  chatId: ChatId,
  { after = 0, through = Number.MAX_SAFE_INTEGER }: { after?: number; through?: number } = {},
): AsyncGenerator<ChatEvent> {
  const stretch = { from: revisionOf(after + 1), to: revisionOf(through) };
  for await (const page of pagesOfStream(log, chatStream(chatId), stretch)) {
    for (const event of page) yield readChatEvent(event, log.epoch);
  }
}
