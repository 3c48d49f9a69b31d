import type { ChatEvent } from '../../events/chat.ts';
import { atOf, readChatEvent, rfc3339 } from '../../events/codec.ts';
import type { EventLog, RecordedEvent } from '../../events/event-store.ts';
import { chatStream, revisionOf, seqOf } from '../../events/streams.ts';
import type { ChatLogReader } from './view.ts';

type SeqAndTime = { seq: number; at: string };

/** The chat log read from the log itself, through its streams: any log can be read so (docs/adr/0003). */
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
      return events.map((event) => readChatEvent(event, log.epoch));
    },
    async head(chatId) {
      const event = await last(chatId);
      return event && seqAndTime(event);
    },
    async atOf(chatId, seq) {
      const event = seq < 1 ? null : await read(chatId, seq);
      return event && rfc3339(atOf(event));
    },
    async seqAt(chatId, time) {
      const head = await last(chatId);
      if (!head) return null;
      if (atOf(head) <= time) return seqAndTime(head);
      const first = await read(chatId, 1);
      if (!first || atOf(first) > time) return null;
      return seqAndTime(await search({ before: first, after: head, time, read: (seq) => read(chatId, seq) }));
    },
  };
}

interface Search {
  /** At or before the time. */
  before: RecordedEvent;
  /** Later than the time. */
  after: RecordedEvent;
  time: number;
  read(seq: number): Promise<RecordedEvent | null>;
}

/**
 * The last event at or before a time: `at` never falls along a stream. Guessing where a steady chat would have it takes
 * few reads; every other step halves what is left, so that a chat of bursts takes no more than twice the logarithm.
 */
async function search({ before, after, time, read }: Search): Promise<RecordedEvent> {
  let [low, high] = [before, after];
  for (let guess = true; high.revision - low.revision > 1; guess = !guess) {
    const [lowTime, highTime] = [atOf(low), atOf(high)];
    const share = guess && highTime > lowTime ? (time - lowTime) / (highTime - lowTime) : 0.5;
    const between = high.revision - low.revision - 1;
    const revision = low.revision + 1 + Math.min(between - 1, Math.floor(between * share));
    const event = await read(seqOf(revision));
    if (!event) throw new Error(`${low.stream} has an event ${high.revision} and none ${revision}`);
    if (atOf(event) <= time) low = event;
    else high = event;
  }
  return low;
}

const seqAndTime = (event: RecordedEvent): SeqAndTime => ({ seq: seqOf(event.revision), at: rfc3339(atOf(event)) });
