import type { LookedUp, LookupAnswer, LookupQuery, MessageLookup } from '../../commands/index.ts';
import { applyEvent, type ChatView, emptyChat } from '../../events/chat-view.ts';
import { decodeChatEvent } from '../../events/codec.ts';
import type { EventStore } from '../../events/event-store.ts';
import { chatStream } from '../../events/streams.ts';

/** The lookup's promise, kept in the plainest way: by folding the stream through some seq at or before its end. */
export function foldingLookup(
  store: EventStore,
  through: (headSeq: number) => number,
): MessageLookup & { asked: LookupQuery[] } {
  const asked: LookupQuery[] = [];
  return {
    asked,
    async find(query) {
      asked.push(query);
      const all = await store.readStream(chatStream(query.chatId), { limit: 1_000_000 });
      const events = all.slice(0, through(all.length)).map((event) => decodeChatEvent(event, store.epoch));
      const view = emptyChat(query.chatId);
      const seqs = new Map<string, number>();
      for (const event of events) {
        applyEvent(view, event);
        if (!seqs.has(event.commandId)) seqs.set(event.commandId, event.seq);
      }
      return answer(query, view, seqs);
    },
  };
}

function answer(query: LookupQuery, view: ChatView, seqs: ReadonlyMap<string, number>): LookupAnswer {
  const found = new Map<string, LookedUp>();
  for (const id of query.ids) {
    const seq = seqs.get(id);
    const message = view.messages.get(id);
    if (seq === undefined) continue;
    const stands = ({ userId, emoji }: { userId: string; emoji: string }): boolean =>
      message?.reactions.some((reaction) => reaction.emoji === emoji && reaction.userIds.includes(userId)) ?? false;
    found.set(id, {
      seq,
      message: message
        ? {
            ...message,
            emojis: new Map(message.reactions.map(({ emoji, userIds }) => [emoji, userIds.length])),
            reacted: query.reactions.filter((asked) => asked.messageId === id && stands(asked)),
          }
        : null,
    });
  }
  return { throughSeq: view.seq, found };
}
