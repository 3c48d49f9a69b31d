import type { ChatEvent, ChatFact, StoredChatFact } from './chat.ts';
import { storedType, UNREADABLE } from './codec.ts';
import { plain } from './content.ts';
import type { Metadata } from './envelope.ts';

/** The way back of `decodeChatEvent`: what is stored of an event as the world saw it. Words that were withheld are gone, and so is what was damaged: such an event has no way back. */
export function encodeChatEvent(event: ChatEvent): { type: string; data: string; metadata: string } | null {
  if ((event.type as string) === UNREADABLE) return null;
  if ('withheld' in event.data && event.data.withheld !== undefined) return null;
  const metadata: Metadata = {
    v: event.v,
    actor: event.actor,
    at: Date.parse(event.at),
    commandId: event.commandId,
    correlationId: event.correlationId,
    ...(event.causationId === undefined ? {} : { causationId: event.causationId }),
  };
  const type = storedType(event.type, event.v);
  return { type, data: JSON.stringify(encodeWords(event).data), metadata: JSON.stringify(metadata) };
}

function encodeWords(fact: ChatFact): StoredChatFact {
  switch (fact.type) {
    case 'ChatStarted': {
      const { title, ...data } = fact.data;
      return { type: fact.type, data: title === undefined ? data : { ...data, title: plain(title) } };
    }
    case 'ChatRenamed':
      return { type: fact.type, data: { ...fact.data, title: plain(fact.data.title) } };
    case 'MessageEdited': {
      const { withheld: _, ...data } = fact.data;
      return { type: fact.type, data: { ...data, text: plain(data.text) } };
    }
    case 'MessageSent': {
      const { withheld: _, files, origin, ...data } = fact.data;
      return {
        type: fact.type,
        data: {
          ...data,
          text: plain(data.text),
          ...(files && { files: files.map((file) => ({ ...file, name: plain(file.name) })) }),
          ...(origin && { origin: { ...origin, author: plain(origin.author) } }),
        },
      };
    }
    default:
      return fact;
  }
}
