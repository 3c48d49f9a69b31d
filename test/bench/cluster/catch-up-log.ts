import { randomUUID } from 'node:crypto';
import { ids } from '../../../bin/write-side.ts';
import { plain } from '../../../events/content.ts';
import { type NewEvent, NO_STREAM, type RecordedEvent, START } from '../../../events/event-store.ts';
import { chatStream } from '../../../events/streams.ts';
import { MESSAGE_TEXT } from '../message-text.ts';
import type { BenchCluster } from './world.ts';

const CHATS = 64;
/** Of each chat. */
export const MEMBERS = 4;
const MESSAGES = 300;
const APPEND_EVENTS = 500;
const PAGE_EVENTS = 1_000;
export const EVENTS = CHATS * (1 + MESSAGES);

/** Chats of messages, for whoever has all of it to catch up with. */
export async function fillLog({ store }: BenchCluster): Promise<void> {
  const users = Array.from({ length: CHATS }, () => ids.ulid());
  const fill = async (n: number): Promise<void> => {
    const chatId = ids.ulid();
    const members = Array.from({ length: MEMBERS }, (_, m) => users[(n + m) % CHATS] ?? '');
    const started = { kind: 'group', title: plain(`bench ${n}`), historyVisibility: 'all', pastContent: 'then' };
    const all = [
      event('ChatStarted', members[0], { ...started, members: members.map((userId) => ({ userId, role: 'admin' })) }),
    ];
    for (let number = 1; number <= MESSAGES; number++) {
      all.push(
        event('MessageSent', members[number % MEMBERS], { messageId: ids.ulid(), number, text: plain(MESSAGE_TEXT) }),
      );
    }
    for (let from = 0; from < all.length; from += APPEND_EVENTS) {
      const result = await store.append(
        chatStream(chatId),
        from === 0 ? NO_STREAM : from - 1,
        all.slice(from, from + APPEND_EVENTS),
      );
      if (result.status !== 'appended') throw new Error('a chat of a bench is nobody else’s');
    }
  };
  for (let n = 0; n < CHATS; n++) await fill(n);
}

function event(
  type: string,
  actor: string | undefined,
  data: { readonly messageId?: string; readonly [field: string]: unknown },
): NewEvent {
  const commandId = data.messageId ?? ids.ulid();
  const metadata = { v: 1, actor, at: Date.now(), commandId, correlationId: commandId };
  return { eventId: randomUUID(), type, data: JSON.stringify(data), metadata: JSON.stringify(metadata) };
}

export async function wholeLog({ store }: BenchCluster): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for (let after = START; ; ) {
    const page = await store.readAll({ after, limit: PAGE_EVENTS });
    events.push(...page);
    after = page.at(-1)?.position ?? after;
    if (page.length < PAGE_EVENTS) return events;
  }
}
