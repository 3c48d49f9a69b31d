import { describe, expect, it } from 'vitest';
import type { RecordedEvent } from '../../events/event-store.ts';
import { type ChatHistoryReader, FOLD_EVERY } from '../../queries/chat-history/view.ts';
import { naiveChatHistory } from '../support/naive-messages.ts';
import { randomLog } from '../support/random-log.ts';

const SEED = 41;
const ALL = Number.MAX_SAFE_INTEGER;

/** What a reader of chat history answers once it has taken in a log. `open` is given all of the log. */
export function chatHistoryContract(open: (events: readonly RecordedEvent[]) => Promise<ChatHistoryReader>): void {
  describe(`chat history (seed ${SEED})`, () => {
    const log = randomLog({ seed: SEED, events: 900 });
    const truth = naiveChatHistory(
      { log: [...log.chatEvents], marks: new Map(), users: [], heldAt: null, lagMs: 0 },
      FOLD_EVERY,
    );

    it('gives the same page as the fold, as of every seq', async () => {
      const reader = await open(log.events);
      for (const { chatId, events } of log.chats) {
        const check = async (through: number) => {
          expect(await reader.page(chatId, { through, limit: 10 })).toEqual(
            await truth.page(chatId, { through, limit: 10 }),
          );
        };
        await Promise.all(Array.from({ length: events.length + 1 }, (_, through) => check(through)));
      }
    });
    it('pages backwards and forwards over all messages', async () => {
      const reader = await open(log.events);
      for (const { chatId, events } of log.chats) {
        const through = events.length - 3;
        for (const edge of [1, 2, 7, through, through + 2]) {
          for (const page of [{ before: edge }, { after: edge }]) {
            expect(await reader.page(chatId, { through, limit: 7, ...page })).toEqual(
              await truth.page(chatId, { through, limit: 7, ...page }),
            );
          }
        }
      }
    });
    it('answers about single messages as the fold does', async () => {
      const reader = await open(log.events);
      for (const { chatId, events, view } of log.chats) {
        const seqs = [...view.messages.values()].map(({ seq }) => seq);
        for (const through of [0, Math.floor(events.length / 2), events.length]) {
          expect(await reader.messages(chatId, seqs.toReversed(), through)).toEqual(
            await truth.messages(chatId, seqs, through),
          );
          expect(await reader.deletedAmong(chatId, seqs, through)).toEqual(
            await truth.deletedAmong(chatId, seqs, through),
          );
          expect(await reader.numberThrough(chatId, through)).toBe(await truth.numberThrough(chatId, through));
          const check = async (seq: number) => {
            expect(await reader.textChanges(chatId, seq, through)).toEqual(
              await truth.textChanges(chatId, seq, through),
            );
            const changes = { afterRev: 2, through, limit: 3 };
            expect(await reader.changes(chatId, seq, changes)).toEqual(await truth.changes(chatId, seq, changes));
            for (const page of [
              { afterRev: 0, limit: 2 },
              { afterRev: 3, limit: 50, emoji: '👍' },
            ]) {
              expect(await reader.reactions(chatId, seq, { through, ...page })).toEqual(
                await truth.reactions(chatId, seq, { through, ...page }),
              );
            }
          };
          await Promise.all(seqs.map(check));
        }
        expect(await reader.head(chatId)).toBe(events.length);
      }
    });
    it('finds messages by their ids, and nothing by others', async () => {
      const reader = await open(log.events);
      for (const { chatId, view } of log.chats) {
        for (const { messageId, seq } of view.messages.values()) {
          expect(await reader.seqOf(chatId, messageId)).toBe(seq);
        }
        expect(await reader.seqOf(chatId, '01HZZZZZZZN000000000000009')).toBeNull();
      }
    });
    it('knows nothing of a chat that it does not hold', async () => {
      const reader = await open(log.events);
      const chatId = '01HZZZZZZZN000000000000001';
      expect(await reader.page(chatId, { through: ALL, limit: 5 })).toEqual([]);
      expect(await reader.head(chatId)).toBe(0);
      expect(await reader.numberThrough(chatId, ALL)).toBe(0);
      expect(await reader.seqOf(chatId, '01HZZZZZZZM000000000100001')).toBeNull();
    });
  });
}
