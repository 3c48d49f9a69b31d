import { describe, expect, it } from 'vitest';
import type { MessageLookup } from '../../commands/ports.ts';
import { applyEvent, emptyChat, type MessageView } from '../../events/chat-view.ts';
import { rfc3339 } from '../../events/codec.ts';
import type { RecordedEvent } from '../../events/event-store.ts';
import { type ChatHistoryReader, FOLD_EVERY, type MessageFacts } from '../../queries/chat-history/view.ts';
import { recordedChat } from '../support/array-log.ts';
import { hotMessage } from '../support/hot-message.ts';

const SHOWN = 20;
const SEED = 5;

/** A message as a page shows it: what the facts must be enough for. */
function shown({ sent, fold, changes }: MessageFacts) {
  const state = { rev: fold?.rev ?? 1, text: fold?.text ?? sent.text, editedAt: fold?.editedAt ?? null };
  const tallies = new Map(fold?.reactions.map(({ emoji, count, first }) => [emoji, { count, users: [...first] }]));
  for (const { rev, kind, text = '', emoji = '', actor, at } of changes) {
    state.rev = rev;
    if (kind === 'edited') Object.assign(state, { text, editedAt: at });
    const tally = tallies.get(emoji) ?? { count: 0, users: [] };
    if (kind === 'reacted') tallies.set(emoji, { count: tally.count + 1, users: [...tally.users, actor] });
    if (kind !== 'unreacted') continue;
    const left = { count: tally.count - 1, users: tally.users.filter((user) => user !== actor) };
    if (left.count > 0) tallies.set(emoji, left);
    else tallies.delete(emoji);
  }
  return {
    ...state,
    editedAt: state.editedAt === null ? null : rfc3339(state.editedAt),
    reactions: [...tallies].map(([emoji, { count, users }]) => ({ emoji, count, first: users.slice(0, SHOWN) })),
  };
}

const expected = ({ rev, text, editedAt, reactions }: MessageView) => ({
  rev,
  text,
  editedAt,
  reactions: reactions.map(({ emoji, userIds }) => ({
    emoji,
    count: userIds.length,
    first: userIds.slice(0, SHOWN),
  })),
});

async function allReactions(reader: ChatHistoryReader, of: { chatId: string; seq: number; through: number }) {
  const found: { emoji: string; userId: string }[] = [];
  for (let afterRev: number | null = 0; afterRev !== null; ) {
    const page = await reader.reactions(of.chatId, of.seq, { through: of.through, afterRev, limit: 100 });
    found.push(...page.reactions.map(({ emoji, userId }) => ({ emoji, userId })));
    afterRev = page.nextRev;
  }
  return found;
}

interface Built {
  chatHistory: ChatHistoryReader;
  lookup: MessageLookup;
  close(): void;
}

/** What readers answer about a message that went on changing for long. `open` is given all of the log. */
export function manyChangesContract(
  open: (events: readonly RecordedEvent[]) => Promise<Built>,
  changes: number = 6 * FOLD_EVERY + 20,
): void {
  describe(`a message of ${changes} changes (seed ${SEED})`, () => {
    const hot = hotMessage({ changes, seed: SEED });
    const { chatId } = hot.chat;

    it('is right as of every seq, from at most as many changes as lie between two folds', async () => {
      const { chatHistory, close } = await open(hot.events);
      const view = emptyChat(chatId);
      for (const event of hot.chat.events) {
        applyEvent(view, event);
        const message = view.messages.get(hot.messageId);
        const facts = (await chatHistory.page(chatId, { through: event.seq, limit: 10 }))[0];
        if (!message || !facts) continue;
        expect(shown(facts)).toEqual(expected(message));
        expect(facts.changes.length).toBeLessThanOrEqual(facts.fold ? FOLD_EVERY - 1 : FOLD_EVERY);
        expect(facts.fold === null).toBe(message.rev <= FOLD_EVERY);
      }
      close();
    });

    it('lists all its reactions and answers for one user, as of any seq', async () => {
      const { chatHistory, close } = await open(hot.events);
      const view = emptyChat(chatId);
      for (const event of hot.chat.events) {
        applyEvent(view, event);
        const reactions = view.messages.get(hot.messageId)?.reactions ?? [];
        if (event.seq % 37 !== 0 && event.seq % FOLD_EVERY > 4) continue;
        const standing = reactions.flatMap(({ emoji, userIds }) => userIds.map((userId) => ({ emoji, userId })));
        const found = await allReactions(chatHistory, { chatId, seq: hot.messageSeq, through: event.seq });
        expect(new Set(found.map((r) => JSON.stringify(r)))).toEqual(new Set(standing.map((r) => JSON.stringify(r))));
        expect(found).toHaveLength(standing.length);
        for (const { userId } of standing.slice(0, 5)) {
          const own = standing.filter((reaction) => reaction.userId === userId).map(({ emoji }) => emoji);
          expect(await chatHistory.emojisOf(chatId, hot.messageSeq, userId, event.seq)).toEqual(own);
        }
      }
      close();
    });

    it('loses its reactions when it is deleted, but not as of before', async () => {
      const { messageId, messageSeq, chat } = hotMessage({ changes: 200, seed: SEED });
      const rev = (chat.view.messages.get(messageId)?.rev ?? 0) + 1;
      const before = chat.view.seq;
      const author = chat.view.messages.get(messageId)?.senderId ?? '';
      const deleted = chat.add(author, { type: 'MessageDeleted', data: { messageId, messageSeq, rev } });
      const views = await open(chat.events.map(recordedChat));
      const of = { chatId: chat.chatId, seq: messageSeq };
      expect(await allReactions(views.chatHistory, { ...of, through: deleted.seq })).toEqual([]);
      expect(await allReactions(views.chatHistory, { ...of, through: before })).not.toEqual([]);
      expect(await views.chatHistory.deletedAmong(chat.chatId, [messageSeq], deleted.seq)).toEqual(
        new Set([messageSeq]),
      );
      expect(await views.chatHistory.deletedAmong(chat.chatId, [messageSeq], before)).toEqual(new Set());
      const texts = await views.chatHistory.textChanges(chat.chatId, messageSeq, deleted.seq);
      expect(texts.at(-1)?.kind).toBe('deleted');
      const { found } = await views.lookup.find({ chatId: chat.chatId, ids: [messageId], reactions: [] });
      expect(found.get(messageId)?.message).toMatchObject({ deleted: true, text: '', emojis: new Map(), rev });
      views.close();
    });

    it('is found with its counts by the lookup of commands', async () => {
      const { lookup, close } = await open(hot.events);
      const view = hot.chat.view.messages.get(hot.messageId);
      const asked =
        hot.chat.view.messages
          .get(hot.messageId)
          ?.reactions.flatMap(({ emoji, userIds }) =>
            userIds.map((userId) => ({ messageId: hot.messageId, userId, emoji })),
          ) ?? [];
      const gone = { messageId: hot.messageId, userId: asked[0]?.userId ?? '', emoji: '🎉' };
      const answer = await lookup.find({ chatId, ids: [hot.messageId], reactions: [...asked, gone] });
      const message = answer.found.get(hot.messageId)?.message;
      expect(message?.rev).toBe(view?.rev);
      expect(message?.emojis).toEqual(new Map(view?.reactions.map(({ emoji, userIds }) => [emoji, userIds.length])));
      expect(message?.reacted).toEqual(asked.map(({ userId, emoji }) => ({ userId, emoji })));
      close();
    });
  });
}
