import type { ChatEvent } from '../../events/chat.ts';
import { changeMessage, type MessageChangeEvent, type MessageView, sentMessage } from '../../events/chat-view.ts';
import type { EventLog } from '../../events/event-store.ts';
import type { ChatId, MessageId, UserId } from '../../events/ids.ts';
import { chatEvents } from '../chat-log/chat-events.ts';

/** One thing that was done to a message. */
export interface Blamed {
  readonly rev: number;
  readonly seq: number;
  readonly at: string;
  readonly actor: UserId;
  readonly type: ChatEvent['type'];
  /** What it says after the change; null where a change leaves its words alone. A deletion leaves none: an empty text. */
  readonly text: string | null;
  /** What it said before; null before it was sent, and where a change leaves its words alone. */
  readonly textBefore: string | null;
  /** Of a reaction, and how many had reacted so after and before it; of a deletion, how many reactions it took away. */
  readonly emoji: string | null;
  readonly reactions: number;
  readonly reactionsBefore: number;
}

/**
 * All that was ever done to a message, oldest first: by whom, when, and what it said before. Read from the chat's stream,
 * of which no more is kept than the message, so that a chat of a million events takes no more memory than a short one.
 * Empty where there is no such message.
 */
export async function* blame(log: EventLog, chatId: ChatId, messageId: MessageId): AsyncGenerator<Blamed> {
  let message: MessageView | null = null;
  for await (const event of chatEvents(log, chatId)) {
    if (!isAbout(event, messageId)) continue;
    const before: MessageView | null = message;
    if (event.type === 'MessageSent') message = sentMessage(event);
    else if (before !== null) message = changeMessage(before, event as MessageChangeEvent);
    if (message !== null) yield blamed(event, before, message);
  }
}

const isAbout = (event: ChatEvent, messageId: MessageId): boolean =>
  'messageId' in event.data && event.data.messageId === messageId;

function blamed(event: ChatEvent, before: MessageView | null, after: MessageView): Blamed {
  const emoji = 'emoji' in event.data ? event.data.emoji : null;
  const { seq, at, actor, type } = event;
  const words = emoji === null;
  return {
    rev: after.rev,
    seq,
    at,
    actor,
    type,
    text: words ? after.text : null,
    textBefore: words ? (before?.text ?? null) : null,
    emoji,
    reactions: reactionsOf(after, emoji),
    reactionsBefore: before === null ? 0 : reactionsOf(before, emoji),
  };
}

/** With one emoji, or with any. */
const reactionsOf = (message: MessageView, emoji: string | null): number =>
  message.reactions
    .filter((reaction) => emoji === null || reaction.emoji === emoji)
    .reduce((sum, { userIds }) => sum + userIds.length, 0);
