import { setTimeout as pause } from 'node:timers/promises';
import { ReplayError } from '../../queries/replay/port.ts';

export const ATTEMPTS_MAX = 10;
const FIRST_WAIT_MS = 250;
const WAIT_MAX_MS = 30_000;

/** What came of one attempt: done, or to be tried again, maybe not before so many ms. */
export type Attempt = 'done' | { readonly why: string; readonly waitMs?: number };

export interface Attempts {
  /** Whoever shows what is waited for. */
  onRetry(why: string, waitMs: number): void;
  signal: AbortSignal;
  /** For tests: how waits are made shorter. */
  waitFactor?: number;
}

/** Tries until it is done; false where the signal aborted while it waited. Throws `ReplayError` once it gives up. */
export async function untilDone(attempt: () => Promise<Attempt>, options: Attempts): Promise<boolean> {
  const { onRetry, signal, waitFactor = 1 } = options;
  for (let made = 1; ; made += 1) {
    const outcome = await attempt();
    if (outcome === 'done') return true;
    if (made === ATTEMPTS_MAX) {
      throw new ReplayError('unavailable', `given up after ${ATTEMPTS_MAX} attempts: ${outcome.why}`);
    }
    const waitMs = (outcome.waitMs ?? Math.min(WAIT_MAX_MS, FIRST_WAIT_MS * 2 ** (made - 1))) * waitFactor;
    onRetry(outcome.why, waitMs);
    if (!(await waited(waitMs, signal))) return false;
  }
}

async function waited(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await pause(ms, undefined, { signal });
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
