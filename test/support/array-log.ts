import type { ChatEvent, ChatFact } from '../../events/chat.ts';
import { plain } from '../../events/content.ts';
import type { Batch, EventLog, RecordedEvent } from '../../events/event-store.ts';
import { parsePosition } from '../../events/position.ts';
import { chatStream, receiptsStream, revisionOf, userStream } from '../../events/streams.ts';
import { EPOCH } from './random-chat.ts';

/** A log that is an array. Events pushed later are there at the next read. */
export interface ArrayLog extends EventLog {
  readonly events: RecordedEvent[];
}

export function arrayLog(events: RecordedEvent[] = [], epoch: string = EPOCH): ArrayLog {
  return {
    epoch,
    events,
    async readStream(stream, { from, direction, limit }) {
      const own = events.filter((event) => event.stream === stream);
      if (direction !== 'backwards') return own.filter(({ revision }) => revision >= (from ?? 0)).slice(0, limit);
      return own
        .filter(({ revision }) => revision <= (from ?? Number.MAX_SAFE_INTEGER))
        .toReversed()
        .slice(0, limit);
    },
    async readAll({ after, until = Number.MAX_SAFE_INTEGER, direction, limit }) {
      const first = firstAfter(events, after);
      const end = firstAfter(events, until);
      if (direction === 'backwards') return events.slice(Math.max(first, end - limit), end).toReversed();
      return events.slice(first, Math.min(first + limit, end));
    },
    head: async () => events.at(-1)?.position ?? 0,
    positionBefore: async (time) => (events.find((event) => event.recordedAt >= time)?.position ?? 1) - 1,
    subscribe(): AsyncIterable<Batch> {
      throw new Error('an array is read in pages');
    },
  };
}

function firstAfter(events: readonly RecordedEvent[], position: number): number {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((events[middle]?.position ?? 0) <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A chat's event as it lies in the log. */
export function recordedChat(event: ChatEvent): RecordedEvent {
  const { type, actor, at, commandId, correlationId, eventId, v } = event;
  return {
    stream: chatStream(event.chatId),
    revision: revisionOf(event.seq),
    position: parsePosition(event.position)?.position ?? 0,
    recordedAt: Date.parse(event.recordedAt),
    eventId,
    type,
    data: JSON.stringify(storedData(event)),
    metadata: JSON.stringify({ v, actor, at: Date.parse(at), commandId, correlationId }),
  };
}

function storedData(fact: ChatFact): unknown {
  switch (fact.type) {
    case 'ChatStarted':
      return fact.data.title === undefined ? fact.data : { ...fact.data, title: plain(fact.data.title) };
    case 'ChatRenamed':
      return { title: plain(fact.data.title) };
    case 'MessageEdited':
      return { ...fact.data, text: plain(fact.data.text) };
    case 'MessageSent': {
      const { files, origin } = fact.data;
      return {
        ...fact.data,
        text: plain(fact.data.text),
        ...(files && { files: files.map((file) => ({ ...file, name: plain(file.name) })) }),
        ...(origin && { origin: { ...origin, author: plain(origin.author) } }),
      };
    }
    default:
      return fact.data;
  }
}

interface Elsewhere {
  position: number;
  revision: number;
  actor: string;
}

export function recordedReceipts(
  of: Elsewhere & { chatId: string },
  data: { readSeq: number; deliveredSeq: number },
): RecordedEvent {
  return recorded(receiptsStream(of.chatId, of.actor), of, { type: 'ReceiptsMoved', data });
}

export function recordedUser(of: Elsewhere, fact: { type: string; data: unknown }): RecordedEvent {
  return recorded(userStream(of.actor), of, fact);
}

export function recorded(stream: string, of: Elsewhere, fact: { type: string; data: unknown }): RecordedEvent {
  const id = `01HZZZZZZZX${String(of.position).padStart(15, '0')}`;
  const at = Date.UTC(2026, 0, 1) + of.position;
  return {
    stream,
    revision: of.revision,
    position: of.position,
    recordedAt: at,
    eventId: id,
    type: fact.type,
    data: JSON.stringify(fact.data),
    metadata: JSON.stringify({ v: 1, actor: of.actor, at, commandId: id, correlationId: id }),
  };
}
