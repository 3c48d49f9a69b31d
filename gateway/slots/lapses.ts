import { LAPSE_FORGOTTEN_MS, TAKE_BACK_AFTER_MAX_MS, TAKE_BACK_AFTER_MS } from './limits.ts';

/** How often lately this gateway was taken for dead while it lived, and what follows from it. */
export interface Lapses {
  /** It has just been found out. */
  add(): void;
  /** Whether slots may be taken from a gateway that lives. */
  over(): boolean;
}

/**
 * Where a machine is so busy that gateways seem dead by turns, each hand-over makes it busier: clients come again and
 * catch up. So whoever was too slow again waits, longer each time, before it takes anything back.
 */
export function createLapses(clock: () => number = () => performance.now()): Lapses {
  let waitMs = 0;
  let last = Number.NEGATIVE_INFINITY;
  return {
    add() {
      const now = clock();
      if (now - last >= waitMs + LAPSE_FORGOTTEN_MS) waitMs = 0;
      else waitMs = Math.min(TAKE_BACK_AFTER_MAX_MS, Math.max(TAKE_BACK_AFTER_MS, waitMs * 2));
      last = now;
    },
    over: () => clock() - last >= waitMs,
  };
}
