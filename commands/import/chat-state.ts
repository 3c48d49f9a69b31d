import type { StoredChatFact } from '../../events/chat.ts';
import { decodeToDecide } from '../../events/codec.ts';
import { type EventStore, NO_STREAM, type RecordedEvent } from '../../events/event-store.ts';
import { type UserId, ulidTime } from '../../events/ids.ts';
import { pagesOfStream } from '../../events/pages.ts';
import { chatStream } from '../../events/streams.ts';

/** What an import must know of the chat it appends to. */
export interface ImportedChat {
  /** `NO_STREAM` where the chat has not started. */
  revision: number;
  /** Milliseconds since 1970, of the last event. */
  lastAt: number;
  /** Of the last event that no import of this source made; null where there is none. */
  lastLiveAt: number | null;
  messageCount: number;
  members: Set<UserId>;
  /** Command ids of all events that this source's imports have appended, but for those of the present run. */
  imported: Set<string>;
  /** The first of them that is of a line, the one that also started the chat; null where this run makes it. */
  firstOfLine: string | null;
  /** How many events this source's imports have appended for each written minute, the present run's included. */
  perMinute: Map<number, number>;
}

export const newImportedChat = (): ImportedChat => ({
  revision: NO_STREAM,
  lastAt: 0,
  lastLiveAt: null,
  messageCount: 0,
  members: new Set(),
  imported: new Set(),
  firstOfLine: null,
  perMinute: new Map(),
});

/** The revision right behind the chat's start. */
const FIRST_OF_LINE = 1;

/** Folds what the chat's stream holds beyond the state. `importId` is the correlation id of this source's imports. */
export async function catchUp(
  store: EventStore,
  chat: ImportedChat,
  { chatId, importId }: { chatId: string; importId: string },
): Promise<void> {
  for await (const page of pagesOfStream(store, chatStream(chatId), { from: chat.revision + 1 })) {
    for (const event of page) evolveRecorded(chat, event, importId);
  }
}

function evolveRecorded(chat: ImportedChat, event: RecordedEvent, importId: string): void {
  const { known, type, data, metadata } = decodeToDecide(event);
  if (metadata.correlationId === importId) {
    chat.imported.add(metadata.commandId);
    if (event.revision === FIRST_OF_LINE) chat.firstOfLine = metadata.commandId;
    // A line's id carries its written minute. The chat's start is of no line; nothing was before it to raise its time.
    addCount(chat, type === 'ChatStarted' ? metadata.at : ulidTime(metadata.commandId), 1);
  } else chat.lastLiveAt = Math.max(chat.lastLiveAt ?? 0, metadata.at);
  if (known) evolve(chat, { type, data } as StoredChatFact, metadata.at);
  else advance(chat, metadata.at);
}

export function addCount({ perMinute }: ImportedChat, minute: number, count: number): void {
  perMinute.set(minute, (perMinute.get(minute) ?? 0) + count);
}

export function evolve(chat: ImportedChat, fact: StoredChatFact, at: number): void {
  advance(chat, at);
  if (fact.type === 'ChatStarted') for (const { userId } of fact.data.members) chat.members.add(userId);
  else if (fact.type === 'MemberAdded') chat.members.add(fact.data.userId);
  else if (fact.type === 'MemberRemoved') chat.members.delete(fact.data.userId);
  else if (fact.type === 'MessageSent') chat.messageCount = fact.data.number;
}

function advance(chat: ImportedChat, at: number): void {
  chat.revision++;
  chat.lastAt = at;
}
