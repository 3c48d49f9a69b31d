import type { StoredChatFact } from '../../events/chat.ts';
import { decodeToDecide, MalformedEvent, unreadable, YoungerEvent } from '../../events/codec.ts';
import type { EventStore, RecordedEvent } from '../../events/event-store.ts';
import { pagesOfStream } from '../../events/pages.ts';
import { chatStream, revisionOf, seqOf } from '../../events/streams.ts';
import type { Happened } from './state.ts';

/** Without them nobody knows whom to refuse: a chat in which one is damaged takes nothing, and shows nothing new. */
const TAKE_RIGHTS: ReadonlySet<string> = new Set(['MemberRemoved', 'MemberRoleChanged']);

/**
 * An event of a chat's stream in the terms of the state. One that is damaged is not known, as one of an unknown type:
 * its chat goes on.
 */
export function happened(event: RecordedEvent): Happened {
  try {
    return told(event);
  } catch (error) {
    if (!(error instanceof MalformedEvent) || error instanceof YoungerEvent || TAKE_RIGHTS.has(event.type)) throw error;
    return { ...told(unreadable(event)), damaged: event.type };
  }
}

function told(event: RecordedEvent): Happened {
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
