import { setTimeout as delay } from 'node:timers/promises';

/** A pause that a signal cuts short. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  delay(ms, undefined, { signal }).catch(() => undefined); // aborted: it is over
