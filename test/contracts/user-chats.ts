import { describe, expect, it } from 'vitest';
import type { RecordedEvent } from '../../events/event-store.ts';
import type { UserChatsReader } from '../../queries/user-chats/view.ts';
import { naiveUserChats } from '../support/naive-members.ts';
import { randomLog } from '../support/random-log.ts';

const SEED = 42;

/** What a reader of user chats answers once it has taken in a log. `open` is given all of the log. */
export function userChatsContract(open: (events: readonly RecordedEvent[]) => Promise<UserChatsReader>): void {
  describe(`user chats (seed ${SEED})`, () => {
    const log = randomLog({ seed: SEED, events: 700 });
    const truth = naiveUserChats({
      log: [...log.chatEvents],
      marks: new Map(log.marks),
      users: [],
      heldAt: null,
      lagMs: 0,
    });

    it('lists the chats of each user, newest message first, in pages', async () => {
      const reader = await open(log.events);
      for (const { userId } of log.users) {
        const all = await truth.chatsOf(userId, { limit: 100 });
        expect(await reader.chatsOf(userId, { limit: 100 })).toEqual(all);
        for (const row of all) {
          const page = { limit: 2, before: row.orderPosition };
          expect(await reader.chatsOf(userId, page)).toEqual(await truth.chatsOf(userId, page));
          const changed = { limit: 100, changedAfter: row.headPosition };
          expect(await reader.chatsOf(userId, changed)).toEqual(await truth.chatsOf(userId, changed));
        }
      }
    });
    it('answers one chat to its members alone', async () => {
      const reader = await open(log.events);
      for (const { userId } of log.users) {
        for (const { chatId } of log.chats) {
          expect(await reader.chatOf(userId, chatId)).toEqual(await truth.chatOf(userId, chatId));
        }
      }
      expect(await reader.chatOf('01HZZZZZZZV000000000000099', log.chats[0]?.chatId ?? '')).toBeNull();
    });
    it('gives the marks of present members, in order', async () => {
      const reader = await open(log.events);
      for (const { chatId } of log.chats) {
        for (const limit of [2, 100]) {
          expect(await reader.receipts(chatId, limit)).toEqual(await truth.receipts(chatId, limit));
        }
      }
      expect(await reader.receipts('01HZZZZZZZN000000000000001', 5)).toEqual([]);
    });
  });
}
