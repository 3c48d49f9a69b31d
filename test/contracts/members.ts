import { describe, expect, it } from 'vitest';
import type { RecordedEvent } from '../../events/event-store.ts';
import type { MembersReader } from '../../queries/members/view.ts';
import { naiveMembers } from '../support/naive-members.ts';
import { randomLog } from '../support/random-log.ts';

const SEED = 43;

/** What a reader of members answers once it has taken in a log. `open` is given all of the log. */
export function membersContract(open: (events: readonly RecordedEvent[]) => Promise<MembersReader>): void {
  describe(`members (seed ${SEED})`, () => {
    const log = randomLog({ seed: SEED, events: 700 });
    const truth = naiveMembers({ log: [...log.chatEvents], marks: new Map(), users: [], heldAt: null, lagMs: 0 });

    it('gives members, roles and title as of every seq', async () => {
      const reader = await open(log.events);
      for (const { chatId, events } of log.chats) {
        for (let through = 0; through <= events.length; through++) {
          const all = await reader.membersAsOf(chatId, { through, limit: 100 });
          expect(all).toEqual(await truth.membersAsOf(chatId, { through, limit: 100 }));
          expect(await reader.frameAsOf(chatId, through)).toEqual(await truth.frameAsOf(chatId, through));
          const after = all[1]?.userId;
          if (after === undefined) continue;
          expect(await reader.membersAsOf(chatId, { through, limit: 2, after })).toEqual(all.slice(2, 4));
        }
      }
    });
    it('gives all stays of a user, and the present role', async () => {
      const reader = await open(log.events);
      for (const { chatId } of log.chats) {
        for (const { userId } of log.users) {
          expect(await reader.stays(chatId, userId)).toEqual(await truth.stays(chatId, userId));
        }
        expect(await reader.settings(chatId)).toEqual(await truth.settings(chatId));
      }
    });
    it('knows nothing of a chat that it does not hold', async () => {
      const reader = await open(log.events);
      const chatId = '01HZZZZZZZN000000000000001';
      expect(await reader.settings(chatId)).toBeNull();
      expect(await reader.stays(chatId, log.users[0]?.userId ?? '')).toEqual({ role: null, stays: [] });
      expect(await reader.membersAsOf(chatId, { through: 9, limit: 9 })).toEqual([]);
      expect(await reader.frameAsOf(chatId, 9)).toEqual({ title: null, memberCount: 0 });
    });
  });
}
