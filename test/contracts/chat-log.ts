import { describe, expect, it } from 'vitest';
import type { RecordedEvent } from '../../events/event-store.ts';
import type { ChatLogReader } from '../../queries/chat-log/view.ts';
import { naiveChatLog } from '../support/naive-messages.ts';
import { randomLog } from '../support/random-log.ts';

const SEED = 44;

/** What a reader of chat logs answers once it has taken in a log. `open` is given all of the log. */
export function chatLogContract(open: (events: readonly RecordedEvent[]) => Promise<ChatLogReader>): void {
  describe(`chat log (seed ${SEED})`, () => {
    const log = randomLog({ seed: SEED, events: 300 });
    const truth = naiveChatLog(
      { log: [...log.chatEvents], marks: new Map(), users: [], heldAt: null, lagMs: 0 },
      false,
    );

    it('gives the events of a chat, words decoded, in pages', async () => {
      const reader = await open(log.events);
      for (const { chatId, events } of log.chats) {
        expect(await reader.events(chatId, { after: 0, limit: 1_000 })).toEqual(events);
        for (const page of [
          { after: 3, limit: 4 },
          { after: 3, limit: 100, through: 9 },
          { after: 9, limit: 5, through: 9 },
        ]) {
          expect(await reader.events(chatId, page)).toEqual(await truth.events(chatId, page));
        }
        expect(await reader.head(chatId)).toEqual(await truth.head(chatId));
      }
    });
    it('turns an instant into the last event at or before it', async () => {
      const reader = await open(log.events);
      for (const { chatId, events } of log.chats) {
        for (const { at } of events) {
          for (const time of [Date.parse(at) - 1, Date.parse(at), Date.parse(at) + 1]) {
            expect(await reader.seqAt(chatId, time)).toEqual(await truth.seqAt(chatId, time));
          }
        }
      }
    });
    it('tells when an event was', async () => {
      const reader = await open(log.events);
      for (const { chatId, events } of log.chats) {
        for (const { seq, at } of events) expect(await reader.atOf(chatId, seq)).toBe(at);
        expect(await reader.atOf(chatId, 0)).toBeNull();
        expect(await reader.atOf(chatId, events.length + 1)).toBeNull();
      }
    });
    it('has nothing of a chat that is not there', async () => {
      const reader = await open(log.events);
      const chatId = '01HZZZZZZZN000000000000001';
      expect(await reader.events(chatId, { after: 0, limit: 5 })).toEqual([]);
      expect(await reader.head(chatId)).toBeNull();
      expect(await reader.seqAt(chatId, Date.now())).toBeNull();
    });
  });
}
