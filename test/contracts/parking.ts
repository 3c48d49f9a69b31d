import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ParkedEvent, Parking } from '../../projections/partitions/ports.ts';

export interface ParkingUnderTest {
  /** Two processes' doors to the same list. */
  one: Parking;
  other: Parking;
  close(): Promise<void>;
}

/** Of all partitions, as long as nobody has claimed them. */
const TERM = 0;

const event = (more: Partial<ParkedEvent>): ParkedEvent => ({
  group: 'user-chats',
  partition: 0,
  key: 'a',
  stream: 'chat-a',
  revision: 7,
  position: 70,
  type: 'MessageSent',
  error: 'why not',
  ...more,
});

/** What whoever keeps parked events must keep (projections/partitions/ports.ts). */
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
        { ...event({ group: 'chat-history', error: 'other' }), waiting: 0 },
        { ...event({}), waiting: 5 },
        { ...event({ key: 'b', partition: 1, position: 71 }), waiting: 0 },
      ]);
    });

    test('takes whatever an error says', async () => {
      await parking.one.park(event({ error: 'ü "quoted" \\ \0 and more' }), TERM);
      const [parked] = await parking.other.list();
      expect(parked?.error).toMatch(/^ü "quoted" \\ .* and more$/su);
    });
  });
}
