import { backoffMs, type Clock, RECONNECT } from './clock.ts';

/** What a close code asks of this client (PROTOCOL §6). */
export type Closing = 'renew' | 'replaced' | 'forbidden' | 'again' | 'slower' | 'soon' | 'backoff';

const CLOSINGS: Readonly<Record<number, Closing>> = {
  4401: 'renew',
  4403: 'forbidden',
  4408: 'again',
  4409: 'replaced',
  4410: 'again',
  4429: 'slower',
  4503: 'soon',
};

export const closingOf = (code: number): Closing => CLOSINGS[code] ?? 'backoff';

const SOON_MS = 1_000;
const SLOWER_MS = 5_000;

/** How long to wait before the next attempt: at first not at all, unless the close code says so. */
export function waitBefore(clock: Clock, closing: Closing, attempt: number): number {
  const backoff = attempt > 0 || closing === 'backoff' ? backoffMs(clock, attempt, RECONNECT) : 0;
  if (closing === 'soon') return Math.max(backoff, clock.random() * SOON_MS);
  return closing === 'slower' ? backoff + SLOWER_MS : backoff;
}
