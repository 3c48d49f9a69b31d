import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { SlotLeases } from '../../gateway/slots/ports.ts';

export const CONTRACT_SLOTS = 4;
/** How soon the leases under test take a silent gateway for dead. */
export const CONTRACT_DEAD_AFTER_MS = 300;

export interface LeasesUnderTest {
  /** Two processes' doors to the same leases. */
  one: SlotLeases;
  other: SlotLeases;
  close(): Promise<void>;
}

const A = { id: 'gateway-a', url: 'ws://a/v1/ws' };
const B = { id: 'gateway-b', url: 'ws://b/v1/ws' };

/** What whoever keeps the slots' owners must keep (gateway/slots/ports.ts). */
export function slotLeasesContract(name: string, open: () => Promise<LeasesUnderTest>): void {
  describe(`slot leases in ${name}`, () => {
    let leases: LeasesUnderTest;
    beforeEach(async () => {
      leases = await open();
    });
    afterEach(() => leases.close());

    test('at first nobody owns anything, and whoever beats is seen', async () => {
      const table = await leases.one.beat(A);
      expect(table.gateways).toEqual([A]);
      expect(table.slots).toEqual(
        Array.from({ length: CONTRACT_SLOTS }, (_, slot) => ({ slot, owner: null, term: 0 })),
      );
    });

    test('all see all that are alive, each at its last address', async () => {
      await leases.one.beat({ ...A, url: 'ws://before/v1/ws' });
      await leases.other.beat(B);
      const table = await leases.one.beat(A);
      expect(table.gateways.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual([A, B]);
    });

    test('whoever reads without taking part is not among those alive', async () => {
      expect((await leases.one.table()).gateways).toEqual([]);
      await leases.one.beat(A);
      await leases.one.claim({ slot: 3, term: 0, gatewayId: A.id });
      const table = await leases.other.table();
      expect(table.gateways).toEqual([A]);
      expect(table.slots[3]).toEqual({ slot: 3, owner: A.id, term: 1 });
    });

    test('a slot is taken at its term, and the next needs the next term', async () => {
      await leases.one.beat(A);
      expect(await leases.one.claim({ slot: 2, term: 0, gatewayId: A.id })).toBe(true);
      expect(await leases.other.claim({ slot: 2, term: 0, gatewayId: B.id })).toBe(false);
      const { slots } = await leases.other.beat(B);
      expect(slots[2]).toEqual({ slot: 2, owner: A.id, term: 1 });
      expect(await leases.other.claim({ slot: 2, term: 1, gatewayId: B.id })).toBe(true);
      expect((await leases.one.beat(A)).slots[2]).toEqual({ slot: 2, owner: B.id, term: 2 });
    });

    test('of many that claim a slot at once one wins', async () => {
      await Promise.all([leases.one.beat(A), leases.other.beat(B)]);
      for (let term = 0; term < 10; term++) {
        const claims = await Promise.all(
          [leases.one, leases.other, leases.one, leases.other].map((door, i) =>
            door.claim({ slot: 1, term, gatewayId: `gateway-${i}` }),
          ),
        );
        expect(claims.filter(Boolean)).toHaveLength(1);
        const { owner } = (await leases.one.beat(A)).slots[1] ?? {};
        expect(owner).toBe(`gateway-${claims.indexOf(true)}`);
      }
    });

    test('there is no slot beyond the last', async () => {
      await leases.one.beat(A);
      expect(await leases.one.claim({ slot: CONTRACT_SLOTS, term: 0, gatewayId: A.id })).toBe(false);
    });

    test('who falls silent is dead after its time, and keeps what it owns until somebody claims it', async () => {
      await leases.one.beat(A);
      await leases.one.claim({ slot: 0, term: 0, gatewayId: A.id });
      const silentSince = Date.now();
      expect((await leases.other.beat(B)).gateways).toHaveLength(2);
      await vi.waitUntil(async () => (await leases.other.beat(B)).gateways.length === 1, { timeout: 10_000 });
      expect(Date.now() - silentSince).toBeGreaterThanOrEqual(CONTRACT_DEAD_AFTER_MS - 50);
      expect((await leases.other.beat(B)).slots[0]).toEqual({ slot: 0, owner: A.id, term: 1 });
      expect((await leases.one.beat(A)).gateways).toHaveLength(2);
    });

    test('who leaves is gone at once; leaving twice is as well', async () => {
      await Promise.all([leases.one.beat(A), leases.other.beat(B)]);
      await leases.one.leave(A.id);
      await leases.one.leave(A.id);
      expect((await leases.other.beat(B)).gateways).toEqual([B]);
    });
  });
}
