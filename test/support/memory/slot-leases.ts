import type { SlotLeases } from '../../../gateway/slots/ports.ts';
import { type Clock, systemClock } from '../../../infra/system/clock.ts';

export interface MemorySlotLeases extends SlotLeases {
  /** Calls throw, as while the store is away, until they are let through again. */
  fail(failing: boolean): void;
}

export interface SlotLeasesOptions {
  readonly slots: number;
  /** A gateway that has not been heard of for so long is dead. */
  readonly deadAfterMs: number;
  readonly clock?: Clock;
}

/** Who owns which slot, among gateways of one process. */
export function createMemorySlotLeases(options: SlotLeasesOptions): MemorySlotLeases {
  const { deadAfterMs, clock = systemClock } = options;
  const gateways = new Map<string, { url: string; seenAt: number }>();
  const slots = Array.from({ length: options.slots }, () => ({ owner: null as string | null, term: 0 }));
  let failing = false;
  const assertThere = (): void => {
    if (failing) throw Object.assign(new Error('failed on demand'), { code: 'unavailable', temporary: true });
  };
  const table = async () => {
    assertThere();
    const now = clock();
    const alive = [...gateways].filter(([, { seenAt }]) => seenAt > now - deadAfterMs);
    return {
      gateways: alive.map(([id, { url }]) => ({ id, url })),
      slots: slots.map(({ owner, term }, slot) => ({ slot, owner, term })),
    };
  };
  return {
    table,
    fail(now) {
      failing = now;
    },
    async beat({ id, url }) {
      assertThere();
      gateways.set(id, { url, seenAt: clock() });
      return table();
    },
    async claim({ slot, term, gatewayId }) {
      assertThere();
      const held = slots[slot];
      if (held?.term !== term) return false;
      slots[slot] = { owner: gatewayId, term: term + 1 };
      return true;
    },
    async leave(gatewayId) {
      assertThere();
      gateways.delete(gatewayId);
    },
  };
}
