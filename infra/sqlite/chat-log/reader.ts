import type { ChatEvent } from '../../../events/chat.ts';
import { decode, decodeChatEvent, rfc3339 } from '../../../events/codec.ts';
import type { EventLog, RecordedEvent } from '../../../events/event-store.ts';
import { chatStream, revisionOf, seqOf } from '../../../events/streams.ts';
import type { ChatLogReader } from '../../../queries/chat-log/view.ts';

type SeqAndTime = { seq: number; at: string };

/** The chat log read from the log itself, through its index of streams (docs/adr/0003). */
export function chatLogReader(log: EventLog): ChatLogReader {
  const read = async (chatId: string, seq: number): Promise<RecordedEvent | null> => {
    const [event] = await log.readStream(chatStream(chatId), { from: revisionOf(seq), limit: 1 });
    return event ?? null;
  };
  const last = async (chatId: string): Promise<RecordedEvent | null> => {
    const [event] = await log.readStream(chatStream(chatId), { direction: 'backwards', limit: 1 });
    return event ?? null;
  };

  return {
    async events(chatId, { after, limit, through = Number.MAX_SAFE_INTEGER }): Promise<ChatEvent[]> {
      const count = Math.min(limit, through - after);
      if (count <= 0) return [];
      const events = await log.readStream(chatStream(chatId), { from: revisionOf(after + 1), limit: count });
      return events.map((event) => decodeChatEvent(event, log.epoch));
    },
    async head(chatId) {
      const event = await last(chatId);
      return event && seqAndTime(event);
    },
    async atOf(chatId, seq) {
      const event = seq < 1 ? null : await read(chatId, seq);
      return event && rfc3339(timeOf(event));
    },
    /** `at` never falls along a stream, so halving finds it. */
    async seqAt(chatId, time) {
      const head = await last(chatId);
      if (!head) return null;
      if (timeOf(head) <= time) return seqAndTime(head);
      let found: RecordedEvent | null = null;
      let low = 1;
      let high = seqOf(head.revision) - 1;
      while (low <= high) {
        const middle = Math.floor((low + high) / 2);
        const event = await read(chatId, middle);
        if (!event) throw new Error(`chat ${chatId} has a head at ${head.revision} and no event ${middle}`);
        if (timeOf(event) <= time) {
          found = event;
          low = middle + 1;
        } else {
          high = middle - 1;
        }
      }
      return found && seqAndTime(found);
    },
  };
}

const timeOf = (event: RecordedEvent): number => decode(event).metadata.at;
const seqAndTime = (event: RecordedEvent): SeqAndTime => ({ seq: seqOf(event.revision), at: rfc3339(timeOf(event)) });
