import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Signal, Signals } from '../../gateway/signals/port.ts';

export const CONTRACT_SIGNAL_SLOTS = 3;

export interface SignalsUnderTest {
  /** A gateway that receives what is for these slots, from when this resolves. */
  gateway(slots: readonly number[]): Promise<Signals>;
  close(): Promise<void>;
}

const USER = '01JD0000000000000000000001';
const online: Signal = { kind: 'presence', userId: USER, online: true };
const typing: Signal = { kind: 'typing', chatId: '01JD0000000000000000000002', userId: USER, to: [USER, USER] };
const watching: Signal = { kind: 'presence-watch', replySlot: 2, userIds: [USER] };
const until = (assertion: () => void) => vi.waitFor(assertion, { timeout: 20_000, interval: 10 });

/** What a way of signals must keep (gateway/signals/port.ts). */
export function signalsContract(name: string, open: () => Promise<SignalsUnderTest>): void {
  describe(`signals through ${name}`, () => {
    let signals: SignalsUnderTest;
    beforeEach(async () => {
      signals = await open();
    });
    afterEach(() => signals.close());

    async function listening(slots: readonly number[]) {
      const gateway = await signals.gateway(slots);
      const got: [number, Signal][] = [];
      return { gateway, got, stop: gateway.receive((slot, signal) => got.push([slot, signal])) };
    }

    test('go to whoever owns their slot, in order, and to nobody else', async () => {
      const [sender, one, two] = await Promise.all([listening([]), listening([0, 1]), listening([2])]);
      for (const [slot, signal] of [
        [0, typing],
        [2, watching],
        [0, online],
        [1, online],
      ] as const) {
        sender.gateway.send(slot, signal);
      }
      await until(() => expect([one.got.length, two.got.length]).toEqual([3, 1]));
      expect(one.got.filter(([slot]) => slot === 0)).toEqual([
        [0, typing],
        [0, online],
      ]);
      expect(two.got).toEqual([[2, watching]]);
      one.stop();
      sender.gateway.send(1, online);
      sender.gateway.send(2, online);
      await until(() => expect(two.got).toHaveLength(2));
      expect([one.got.length, sender.got]).toEqual([3, []]);
    });

    test('never come while they are sent, also to the gateway that sends them', async () => {
      const { gateway, got } = await listening([0]);
      gateway.send(0, online);
      expect(got).toEqual([]);
      await until(() => expect(got).toEqual([[0, online]]));
    });

    test('of a user are for one slot, the same for all', async () => {
      const [one, other] = await Promise.all([signals.gateway([0]), signals.gateway([1])]);
      expect([one.slots, other.slots]).toEqual([CONTRACT_SIGNAL_SLOTS, CONTRACT_SIGNAL_SLOTS]);
      for (const user of ['a', 'b', 'c', 'd', USER]) {
        expect(one.slotOf(user)).toBe(other.slotOf(user));
        expect(one.slotOf(user)).toBeLessThan(CONTRACT_SIGNAL_SLOTS);
      }
    });
  });
}
