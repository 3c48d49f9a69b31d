import type { ChatEvent } from '../../events/chat.ts';
import type { EventLog } from '../../events/event-store.ts';
import { type EventFilter, eventsOf, readEventStream } from '../../queries/event-stream/index.ts';

/** The events of a range, words and all, in pages (some of them empty), in the order of the log. */
export async function* readChatEvents(of: {
  log: EventLog;
  filter: EventFilter;
  signal: AbortSignal;
}): AsyncGenerator<readonly ChatEvent[]> {
  for await (const page of readEventStream({ ...of, content: true, follow: false })) yield eventsOf(page);
}
