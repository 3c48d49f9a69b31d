import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ChatSlotsStore } from '../../projections/deliveries/ports.ts';
import type { Checkpoints, Claim } from '../../projections/partitions/ports.ts';

export interface ChatSlotsUnderTest {
  checkpoints: Checkpoints;
  /** A store of its own, over rows that all share. */
  open(): ChatSlotsStore;
  close(): Promise<void>;
}

/** What whoever keeps the slots of chats must keep (projections/deliveries/ports.ts). */
export function chatSlotsContract(name: string, open: () => Promise<ChatSlotsUnderTest>): void {
  describe(`chat slots in ${name}`, () => {
    let rows: ChatSlotsUnderTest;
    beforeEach(async () => {
      rows = await open();
      await rows.checkpoints.prepare('deliveries', 1);
    });
    afterEach(() => rows.close());

    const claim = (): Promise<Claim> => rows.checkpoints.claim('deliveries', 0, 'tests');

    test('keep what was touched, with its checkpoint', async () => {
      const first = await claim();
      const store = rows.open();
      await store.load(['a', 'b', 'a']);
      expect(store.of('a')).toEqual({ chatId: 'a', headSeq: 0, counts: new Map() });
      const a = store.of('a');
      a.headSeq = 3;
      a.counts.set(5, 2).set(63, 1);
      store.touch(a);
      await store.commit({ claim: first, from: first.position, to: first.position + 10 });
      a.counts.delete(5);
      a.headSeq = 4;
      store.touch(a);
      await store.commit({ claim: first, from: first.position + 10, to: first.position + 20 });

      const second = await claim();
      const next = rows.open();
      await next.load(['a', 'b']);
      expect(next.of('a')).toEqual({ chatId: 'a', headSeq: 4, counts: new Map([[63, 1]]) });
      expect(next.of('b').headSeq).toBe(0);
      expect(second.position).toBe(first.position + 20);
    });

    test('are not written for a claim that is over, and forgotten then', async () => {
      const [old, present] = [await claim(), await claim()];
      const stale = rows.open();
      await stale.load(['c']);
      stale.of('c').headSeq = 9;
      stale.touch(stale.of('c'));
      const step = { from: old.position, to: old.position + 1 };
      await expect(stale.commit({ claim: old, ...step })).rejects.toMatchObject({ code: 'stale-owner' });
      expect(() => stale.of('c')).toThrow('not loaded');
      const store = rows.open();
      await store.load(['c']);
      expect(store.of('c').headSeq).toBe(0);
      store.of('c').headSeq = 2;
      store.touch(store.of('c'));
      store.reset();
      await store.commit({ claim: present, ...step });
      await store.load(['c']);
      expect(store.of('c').headSeq).toBe(0);
    });

    test('of a chat that was not loaded are not made up', () => {
      expect(() => rows.open().of('d')).toThrow('not loaded');
    });
  });
}
