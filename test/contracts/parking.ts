import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ParkedEvent, Parking, ParkingNow } from '../../projections/parking/ports.ts';
import { parkedEvent as event } from '../support/parked-event.ts';

export interface ParkingUnderTest {
  /** Two processes' doors to the same list. */
  one: Parking;
  other: Parking;
  close(): Promise<void>;
}

/** Of all partitions, as long as nobody has claimed them. */
const TERM = 0;

/** One that has nothing to wait for, as one that has. */
export const awaited = (parking: ParkingNow): Parking =>
  Object.fromEntries(
    Object.entries(parking).map(([name, call]) => [
      name,
      async (...args: unknown[]) => (call as (...args: unknown[]) => unknown)(...args),
    ]),
  ) as unknown as Parking;

/** As the list says it of one that nobody has asked for. */
const listed = (of: ParkedEvent, waiting = 0) => ({
  ...of,
  waiting,
  since: expect.any(Number),
  asked: 0,
  tried: 0,
});

/** What whoever keeps parked events must keep (projections/parking/ports.ts). */
export function parkingContract(name: string, open: () => Promise<ParkingUnderTest>): void {
  describe(`parking in ${name}`, () => {
    let parking: ParkingUnderTest;
    beforeEach(async () => {
      parking = await open();
    });
    afterEach(() => parking.close());

    test('keeps the first event of a key, and counts what waits behind it', async () => {
      const { one, other } = parking;
      await one.park(event({}), TERM);
      await other.park(event({ revision: 9, position: 90 }), TERM);
      await one.park(event({ key: 'b', partition: 1, position: 71 }), TERM);
      await one.park(event({ group: 'chat-history', error: 'other' }), TERM);
      await Promise.all([one.waits('user-chats', 'a', 3), other.waits('user-chats', 'a', 2)]);
      await one.waits('user-chats', 'nobody', 1);
      expect(await other.keys('user-chats', 0)).toEqual(new Set(['a']));
      expect(await other.keys('user-chats', 1)).toEqual(new Set(['b']));
      expect(await other.keys('deliveries', 0)).toEqual(new Set());
      expect(await one.list()).toEqual([
        listed(event({ group: 'chat-history', error: 'other' })),
        listed(event({}), 5),
        listed(event({ key: 'b', partition: 1, position: 71 })),
      ]);
    });

    test('says since when', async () => {
      const before = Date.now();
      await parking.one.park(event({}), TERM);
      const [parked] = await parking.other.list();
      expect(Math.abs((parked?.since ?? 0) - before)).toBeLessThan(60_000);
    });

    test('keeps what was asked for until it was tried', async () => {
      const { one, other } = parking;
      await one.park(event({}), TERM);
      await one.park(event({ key: 'b', partition: 1 }), TERM);
      await one.waits('user-chats', 'a', 5);
      expect(await other.asked('user-chats', 0)).toEqual([]);
      expect(await other.ask('user-chats', 'nobody')).toBeNull();
      expect(await other.ask('user-chats', 'a')).toBe(1);
      expect(await other.ask('user-chats', 'a')).toBe(2);
      expect(await one.asked('user-chats', 1)).toEqual([]);
      expect(await one.asked('chat-history', 0)).toEqual([]);
      expect(await one.asked('user-chats', 0)).toEqual([{ ...listed(event({}), 5), asked: 2 }]);
      const later = event({ revision: 9, position: 90, type: 'MessageEdited', error: 'why now' });
      await one.again({ event: later, taken: 2, attempt: 2 }, TERM);
      expect(await one.asked('user-chats', 0)).toEqual([]);
      const stands = (await other.list()).find(({ key }) => key === 'a');
      expect(stands).toEqual({ ...listed(later, 3), asked: 2, tried: 2 });
      expect(await other.ask('user-chats', 'a')).toBe(3);
      expect(await one.asked('user-chats', 0)).toHaveLength(1);
    });

    test('lets a key go, and no other', async () => {
      const { one, other } = parking;
      await one.park(event({}), TERM);
      await one.park(event({ key: 'b' }), TERM);
      await one.park(event({ group: 'chat-history' }), TERM);
      await one.release(event({}), TERM);
      expect(await other.keys('user-chats', 0)).toEqual(new Set(['b']));
      expect(await other.keys('chat-history', 0)).toEqual(new Set(['a']));
      expect(await other.ask('user-chats', 'a')).toBeNull();
    });

    test('takes whatever an error says', async () => {
      await parking.one.park(event({ error: 'ü "quoted" \\ \0 and more' }), TERM);
      const [parked] = await parking.other.list();
      expect(parked?.error).toMatch(/^ü "quoted" \\ .* and more$/su);
    });
  });
}
