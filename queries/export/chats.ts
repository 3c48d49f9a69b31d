import type { EventLog, LogPosition } from '../../events/event-store.ts';
import type { ChatId } from '../../events/ids.ts';
import { pagesOfLog } from '../../events/pages.ts';
import { chatOf } from '../../events/streams.ts';

/** The chats that had begun by a place in the log, in the order of their ids: found by reading the log once. */
export async function chatsUntil(log: EventLog, until: LogPosition): Promise<ChatId[]> {
  const chats: ChatId[] = [];
  for await (const page of pagesOfLog(log, { until })) {
    for (const { stream, revision } of page) {
      const chatId = revision === 0 ? chatOf(stream) : null;
      if (chatId !== null) chats.push(chatId);
    }
  }
  return chats.sort();
}
