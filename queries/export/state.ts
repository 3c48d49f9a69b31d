import type { ChatEvent } from '../../events/chat.ts';
import {
  applyEvent,
  type ChatView,
  changeMessage,
  emptyChat,
  type MessageChangeEvent,
  type MessageSentEvent,
  sentMessage,
} from '../../events/chat-view.ts';
import { readChatEvent } from '../../events/codec.ts';
import type { EventLog, LogPosition } from '../../events/event-store.ts';
import type { ChatId } from '../../events/ids.ts';
import { pagesOfStream } from '../../events/pages.ts';
import { chatStream } from '../../events/streams.ts';
import { withoutWords } from '../visibility/index.ts';
import type { Row } from './port.ts';

export interface StatePoint {
  readonly until: LogPosition;
  /** The last event counts whose `at` is not after this, milliseconds since 1970. */
  readonly at: number;
  readonly content: boolean;
}

/** What of a chat is known before its messages are read again: all but the messages that never changed. */
interface Outline {
  readonly view: ChatView;
  readonly changes: Map<string, MessageChangeEvent[]>;
  readonly since: Map<string, string>;
  startedAt: string;
  messages: number;
}

export interface ChatState {
  readonly chat: Row;
  readonly members: readonly Row[];
  /** Pages of messages with their reactions, in the order of their seqs. */
  pages(): AsyncGenerator<{ messages: Row[]; reactions: Row[] }>;
}

/**
 * A chat as it stood, folded from its stream, which is read twice: first for what changed later, then for the messages
 * themselves. So a chat of a million messages takes the memory of its changes and no more. Null where it had not begun.
 */
export async function stateOf(log: EventLog, chatId: ChatId, point: StatePoint): Promise<ChatState | null> {
  const outline: Outline = {
    view: emptyChat(chatId),
    changes: new Map(),
    since: new Map(),
    startedAt: '',
    messages: 0,
  };
  for await (const page of eventsOf(log, chatId, point)) for (const event of page) note(outline, event);
  const { view } = outline;
  if (view.at === null) return null;
  return {
    chat: [
      chatId,
      view.kind,
      view.title,
      view.historyVisibility,
      view.pastContent,
      view.members.size,
      outline.messages,
      view.seq,
      Date.parse(outline.startedAt),
      Date.parse(view.at),
    ],
    members: [...view.members.values()]
      .sort((a, b) => a.sinceSeq - b.sinceSeq || (a.userId < b.userId ? -1 : 1))
      .map(({ userId, role, sinceSeq }) => [chatId, userId, role, sinceSeq, timeOf(outline.since.get(userId))]),
    pages: () => messagePages(log, { chatId, point, outline }),
  };
}

function note(outline: Outline, event: ChatEvent): void {
  const { view, changes, since } = outline;
  switch (event.type) {
    case 'MessageSent':
      outline.messages++;
      break;
    case 'MessageEdited':
    case 'MessageDeleted':
    case 'ReactionAdded':
    case 'ReactionRemoved': {
      const known = changes.get(event.data.messageId);
      if (known) known.push(event);
      else changes.set(event.data.messageId, [event]);
      break;
    }
    case 'ChatStarted':
      outline.startedAt = event.at;
      for (const { userId } of event.data.members) since.set(userId, event.at);
      break;
    case 'MemberAdded':
      since.set(event.data.userId, event.at);
      break;
    default:
  }
  // The view's own messages stay empty: what would change one finds none.
  if (event.type === 'MessageSent') Object.assign(view, { seq: event.seq, at: event.at });
  else applyEvent(view, event);
}

async function* messagePages(
  log: EventLog,
  { chatId, point, outline }: { chatId: ChatId; point: StatePoint; outline: Outline },
): AsyncGenerator<{ messages: Row[]; reactions: Row[] }> {
  for await (const page of eventsOf(log, chatId, point)) {
    const sent = page.filter((event): event is MessageSentEvent => event.type === 'MessageSent');
    yield {
      messages: sent.map((event) => messageRow(event, outline.changes.get(event.data.messageId) ?? [])),
      reactions: sent.flatMap((event) => reactionRows(event, outline.changes.get(event.data.messageId) ?? [])),
    };
  }
}

function messageRow(sent: MessageSentEvent, changes: readonly MessageChangeEvent[]): Row {
  let message = sentMessage(sent);
  for (const change of changes) message = changeMessage(message, change);
  const { replyTo, origin } = message;
  return [
    sent.chatId,
    message.seq,
    message.number,
    message.messageId,
    message.senderId,
    Date.parse(message.at),
    message.rev,
    message.text,
    timeOf(message.editedAt),
    message.deleted,
    message.withheld,
    replyTo?.messageId ?? null,
    replyTo?.seq ?? null,
    JSON.stringify(message.mentions),
    JSON.stringify(message.files),
    origin === undefined ? null : JSON.stringify(origin),
  ];
}

function reactionRows(sent: MessageSentEvent, changes: readonly MessageChangeEvent[]): Row[] {
  const standing = new Map<string, Row>();
  for (const change of changes) {
    if (change.type === 'MessageDeleted') standing.clear();
    if (change.type !== 'ReactionAdded' && change.type !== 'ReactionRemoved') continue;
    const { messageId, emoji } = change.data;
    const key = `${emoji}\n${change.actor}`;
    if (change.type === 'ReactionRemoved') standing.delete(key);
    else if (!standing.has(key)) {
      const at = Date.parse(change.at);
      standing.set(key, [sent.chatId, messageId, sent.seq, emoji, change.actor, change.seq, at]);
    }
  }
  return [...standing.values()];
}

async function* eventsOf(log: EventLog, chatId: ChatId, point: StatePoint): AsyncGenerator<ChatEvent[]> {
  for await (const page of pagesOfStream(log, chatStream(chatId), { until: point.until })) {
    const events = page
      .map((recorded) => readChatEvent(recorded, log.epoch))
      .filter(({ at }) => Date.parse(at) <= point.at);
    yield point.content ? events : events.map((event) => withoutWords(event, 'hidden'));
    if (events.length < page.length) return;
  }
}

const timeOf = (at: string | null | undefined): number | null =>
  at === null || at === undefined ? null : Date.parse(at);
