import type { ChatEvent } from '../../events/chat.ts';
import type { Withheld } from '../../events/content.ts';

/**
 * An event without its words: text, title, names of files and the author at the source are empty. Who, when, what kind
 * and which message stay. An event of an unknown type may have words anywhere: it keeps only the message it is about.
 */
export function withoutWords(event: ChatEvent, withheld: Withheld): ChatEvent {
  switch (event.type) {
    case 'MessageSent': {
      const { files, origin } = event.data;
      return {
        ...event,
        data: {
          ...event.data,
          text: '',
          withheld,
          ...(files === undefined ? {} : { files: files.map((file) => ({ ...file, name: '' })) }),
          ...(origin === undefined ? {} : { origin: { ...origin, author: '' } }),
        },
      };
    }
    case 'MessageEdited':
      return { ...event, data: { ...event.data, text: '', withheld } };
    case 'ChatStarted':
      return event.data.title === undefined
        ? event
        : ({ ...event, data: { ...event.data, title: '', withheld } } as ChatEvent);
    case 'ChatRenamed':
      return { ...event, data: { ...event.data, title: '', withheld } } as ChatEvent;
    case 'MemberAdded':
    case 'MemberRemoved':
    case 'MemberRoleChanged':
    case 'MessageDeleted':
    case 'ReactionAdded':
    case 'ReactionRemoved':
      return event;
    default:
      return unknownWithoutWords(event, withheld);
  }
}

function unknownWithoutWords(event: ChatEvent, withheld: Withheld): ChatEvent {
  const { messageId, messageSeq, rev } = event.data as { messageId?: unknown; messageSeq?: unknown; rev?: unknown };
  return { ...event, data: { messageId, messageSeq, rev, withheld } } as unknown as ChatEvent;
}
