import { describe, expect, it } from 'vitest';
import type { LookupAnswer, LookupQuery, MessageLookup } from '../../commands/ports.ts';
import { applyEvent, emptyChat, type MessageView } from '../../events/chat-view.ts';
import type { RecordedEvent } from '../../events/event-store.ts';
import type { GrowingChat } from '../support/random-chat.ts';
import { randomLog } from '../support/random-log.ts';

const SEED = 45;
const EMOJIS = ['👍', '❤️', '😂', '🎉'];

/** What a lookup answers that has taken in a part of a log, whatever stands behind that. */
export function messageLookupContract(open: (events: readonly RecordedEvent[]) => Promise<MessageLookup>): void {
  describe(`message lookup (seed ${SEED})`, () => {
    const log = randomLog({ seed: SEED, events: 600 });
    const userIds = log.users.map(({ userId }) => userId);
    const half = log.events.slice(0, 350);

    const check = async (lookup: MessageLookup, chat: GrowingChat, seen: readonly RecordedEvent[]) => {
      const answer = await lookup.find(everythingOf(chat, userIds));
      expect(answer.throughSeq).toBe(seen.filter(({ stream }) => stream === `chat-${chat.chatId}`).length);
      expectTruth(answer, chat);
    };

    it('finds every command and message that it has taken in, and no other', async () => {
      const lookup = await open(log.events);
      for (const chat of log.chats) await check(lookup, chat, log.events);
    });
    it('says through which seq it knows, and is right up to there', async () => {
      const lookup = await open(half);
      for (const chat of log.chats) await check(lookup, chat, half);
    });
    it('knows nothing of a chat that it does not hold', async () => {
      const lookup = await open(half);
      const answer = await lookup.find({
        chatId: '01HZZZZZZZN000000000000001',
        ids: ['01HZZZZZZZM000000000100001'],
        reactions: [],
      });
      expect(answer).toEqual({ throughSeq: 0, found: new Map() });
    });
  });
}

/** All that may be asked of a chat. */
export function everythingOf(chat: GrowingChat, userIds: readonly string[]): LookupQuery {
  const messages = messageIds(chat);
  const reactions = messages.flatMap((messageId) =>
    userIds.flatMap((userId) => EMOJIS.map((emoji) => ({ messageId, userId, emoji }))),
  );
  return { chatId: chat.chatId, ids: [...chat.events.map(({ commandId }) => commandId), ...messages], reactions };
}

/** That an answer to `everythingOf` a chat is right as of the seq that it names. */
export function expectTruth({ throughSeq, found }: LookupAnswer, chat: GrowingChat): void {
  const view = chat.events.slice(0, throughSeq).reduce(applyEvent, emptyChat(chat.chatId));
  for (const { commandId, seq } of chat.events) {
    expect(found.get(commandId)).toEqual(seq <= throughSeq ? { seq, message: null } : undefined);
  }
  for (const messageId of messageIds(chat)) expectMessage(found, view.messages.get(messageId), messageId);
}

const messageIds = (chat: GrowingChat): string[] =>
  chat.events.flatMap((event) => (event.type === 'MessageSent' ? [event.data.messageId] : []));

function expectMessage(found: LookupAnswer['found'], view: MessageView | undefined, messageId: string): void {
  const message = found.get(messageId)?.message;
  if (!view) {
    expect(message).toBeUndefined();
    return;
  }
  const { senderId, rev, deleted, text, mentions } = view;
  expect(message).toMatchObject({ senderId, rev, deleted, text, mentions });
  expect(message?.emojis).toEqual(new Map(view.reactions.map(({ emoji, userIds }) => [emoji, userIds.length])));
  const standing = view.reactions.flatMap(({ emoji, userIds }) => userIds.map((userId) => `${userId} ${emoji}`));
  expect(message?.reacted.map(({ userId, emoji }) => `${userId} ${emoji}`).toSorted()).toEqual(standing.toSorted());
}
