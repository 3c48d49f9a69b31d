import { type EventLog, type LogPosition, START } from '../../events/event-store.ts';
import type { ChatId } from '../../events/ids.ts';
import { chatOf } from '../../events/streams.ts';

const PAGE_EVENTS = 2_000;

/** The chats that had begun by a place in the log, in the order of their ids: found by reading the log once. */
export async function chatsUntil(log: EventLog, until: LogPosition): Promise<ChatId[]> {
  const chats: ChatId[] = [];
  for (let after = START; after < until; ) {
    const page = await log.readAll({ after, until, limit: PAGE_EVENTS });
    for (const { stream, revision } of page) {
      const chatId = revision === 0 ? chatOf(stream) : null;
      if (chatId !== null) chats.push(chatId);
    }
    if (page.length < PAGE_EVENTS) break;
    after = page.at(-1)?.position ?? until;
  }
  return chats.sort();
}
