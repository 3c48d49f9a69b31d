import type { StoredChatFact } from '../../events/chat.ts';
import { decodeToDecide } from '../../events/codec.ts';
import type { EventStore, RecordedEvent } from '../../events/event-store.ts';
import { chatStream, revisionOf, seqOf } from '../../events/streams.ts';
import type { Happened } from './state.ts';

const PAGE_EVENTS = 1_000;

/** An event of a chat's stream in the terms of the state. */
export function happened(event: RecordedEvent): Happened {
  const { known, type, data, metadata } = decodeToDecide(event);
  return {
    seq: seqOf(event.revision),
    at: metadata.at,
    actor: metadata.actor,
    commandId: metadata.commandId,
    fact: known ? ({ type, data } as StoredChatFact) : null,
  };
}

/** The events of a chat from one seq through another (default: the end), a page at a time, none of them empty. */
export async function* chatPages(
  store: EventStore,
  range: { chatId: string; fromSeq: number; throughSeq?: number },
): AsyncGenerator<RecordedEvent[]> {
  const { chatId, throughSeq = Number.POSITIVE_INFINITY } = range;
  for (let next = range.fromSeq; next <= throughSeq; ) {
    const limit = Math.min(PAGE_EVENTS, throughSeq - next + 1);
    const events = await store.readStream(chatStream(chatId), { from: revisionOf(next), limit });
    if (events.length > 0) yield events;
    if (events.length < limit) return;
    next += events.length;
  }
}
