import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Accounts } from '../../gateway/auth/ports.ts';

const [USER, OTHER] = ['01J00000000000000000000001', '01J00000000000000000000002'];
const [C1, C2, C3] = ['01J0000000000000000000000A', '01J0000000000000000000000B', '01J0000000000000000000000C'];
const token = (n: number): Uint8Array => new Uint8Array(32).fill(n);
const DAY = 86_400_000;

/** What `Accounts` promises. `open` opens the same store each time: a second one stands for another process. */
export function accountsContract(
  name: string,
  prepare: () => Promise<{ open: () => Promise<Accounts>; remove: () => Promise<void> }>,
) {
  describe(`accounts: ${name}`, () => {
    let a: Accounts;
    let b: Accounts;
    let remove: () => Promise<void>;
    beforeEach(async () => {
      const place = await prepare();
      remove = place.remove;
      a = await place.open();
      b = await place.open();
    });
    afterEach(async () => {
      await a.close();
      await b.close();
      await remove();
    });
    const open = (sessionId: string, n: number, more: object = {}) =>
      a.openSession({ sessionId, userId: USER, hash: 'h1', refreshHash: token(n), at: 1, refreshUntil: DAY, ...more });
    const rotate = (presented: number, next: number, at = 2) =>
      a.rotate({ presented: token(presented), next: token(next), at, refreshUntil: at + DAY });

    beforeEach(async () => {
      await a.enrol({ userId: USER, hash: 'h1', commandId: C1 });
    });

    it('keeps one secret for one command, however often it comes', async () => {
      const again = await b.enrol({ userId: OTHER, hash: 'h2', commandId: C1 });
      expect(again).toEqual({ userId: USER, hash: 'h1', fresh: false, changed: false });
      expect(await b.credential(USER)).toEqual({ hash: 'h1', changedBy: null });
      expect(await b.credential(OTHER)).toBeNull();
    });

    it('forgets a withdrawn enrolment, and takes the command again', async () => {
      await a.withdraw(USER);
      expect(await a.credential(USER)).toBeNull();
      expect(await a.enrol({ userId: OTHER, hash: 'h2', commandId: C1 })).toMatchObject({ userId: OTHER, fresh: true });
    });

    it('opens no session on a hash that is not the present one', async () => {
      expect(await open('s1', 1)).toBe(true);
      await b.changePassword({ userId: USER, hash: 'h2', commandId: C2, keep: null, at: 2 });
      expect(await open('s2', 2)).toBe(false);
      expect(await a.userOf('s2')).toBeNull();
    });

    it('ends every other session with a change of the password', async () => {
      for (const n of [1, 2, 3]) await open(`s${n}`, n);
      await a.changePassword({ userId: USER, hash: 'h2', commandId: C2, keep: 's2', at: 2 });
      expect([await b.userOf('s1'), await b.userOf('s2'), await b.userOf('s3')]).toEqual([null, USER, null]);
      expect(await a.credential(USER)).toEqual({ hash: 'h2', changedBy: C2 });
      expect(await a.enrol({ userId: OTHER, hash: 'h9', commandId: C1 })).toMatchObject({ changed: true });
      await a.changePassword({ userId: USER, hash: 'h3', commandId: C3, keep: null, at: 3 });
      expect(await b.userOf('s2')).toBeNull();
    });

    it('exchanges a refresh token once; the second time ends the session', async () => {
      await open('s1', 1);
      expect(await rotate(1, 2)).toEqual({ status: 'rotated', sessionId: 's1', userId: USER });
      expect(await rotate(2, 3)).toMatchObject({ status: 'rotated' });
      expect(await rotate(1, 4)).toEqual({ status: 'reused' });
      expect(await b.userOf('s1')).toBeNull();
      expect(await rotate(3, 5)).toEqual({ status: 'unknown' });
      expect(await rotate(9, 5)).toEqual({ status: 'unknown' });
    });

    it('tells whose refresh token it is, until the session ends', async () => {
      await open('s1', 1);
      const holder = { userId: USER, sessionId: 's1' };
      expect(await b.holderOf(token(1))).toEqual(holder);
      await rotate(1, 2);
      expect([await b.holderOf(token(1)), await b.holderOf(token(2))]).toEqual([holder, holder]);
      expect(await b.holderOf(token(9))).toBeNull();
      await a.endSession('s1', 3);
      expect(await b.holderOf(token(2))).toBeNull();
    });

    it('lets only one of two exchanges of the same token through', async () => {
      await open('s1', 1);
      const both = await Promise.all([
        rotate(1, 2),
        b.rotate({ presented: token(1), next: token(3), at: 2, refreshUntil: DAY }),
      ]);
      expect(both.map(({ status }) => status).toSorted()).toEqual(['reused', 'rotated']);
    });

    it('refuses a refresh token after its time, and each exchange gives a new time', async () => {
      await open('s1', 1, { refreshUntil: 100 });
      expect(await rotate(1, 2, 99)).toMatchObject({ status: 'rotated' });
      expect(await rotate(2, 3, 98 + DAY)).toMatchObject({ status: 'rotated' });
      expect(await rotate(3, 4, 99 + 3 * DAY)).toEqual({ status: 'unknown' });
    });

    it('tells of every end once, in order, also to another process', async () => {
      const before = await b.lastEnd();
      await open('s1', 1);
      await open('s2', 2);
      await a.endSession('s2', 2);
      await a.endSession('s2', 3);
      await a.endSession('s1', 4);
      await a.endSession('never', 5);
      const ends = await b.endsAfter(before);
      expect(ends.map(({ sessionId }) => sessionId)).toEqual(['s2', 's1']);
      expect(await b.endsAfter(ends[0]?.seq ?? 0)).toEqual([ends[1]]);
      expect(await b.lastEnd()).toBe(ends[1]?.seq);
    });

    it('forgets what has expired, and no more', async () => {
      await open('s1', 1, { refreshUntil: 100 });
      await open('s2', 2, { refreshUntil: 200 });
      await a.purge(150);
      expect([await a.userOf('s1'), await a.userOf('s2')]).toEqual([null, USER]);
      expect(await rotate(1, 3)).toEqual({ status: 'unknown' });
      expect(await rotate(2, 4)).toMatchObject({ status: 'rotated' });
    });
  });
}
