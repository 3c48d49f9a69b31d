import type { StoredChatFact } from '../../events/chat.ts';
import { decodeToDecide } from '../../events/codec.ts';
import type { EventStore, RecordedEvent } from '../../events/event-store.ts';
import { pagesOfStream } from '../../events/pages.ts';
import { chatStream, revisionOf, seqOf } from '../../events/streams.ts';
import type { Happened } from './state.ts';

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
export const chatPages = (
  store: EventStore,
  { chatId, fromSeq, throughSeq }: { chatId: string; fromSeq: number; throughSeq?: number },
): AsyncGenerator<RecordedEvent[]> =>
  pagesOfStream(store, chatStream(chatId), {
    from: revisionOf(fromSeq),
    ...(throughSeq !== undefined && { to: revisionOf(throughSeq) }),
  });
