/** Time and chance, so that tests can hold both. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Runs `task` after `ms`; returns the function that cancels it. */
  after(ms: number, task: () => void): () => void;
  /** In [0, 1). */
  random(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, task) => {
    const timer = setTimeout(task, ms);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
};

export const pause = (clock: Clock, ms: number): Promise<void> =>
  new Promise((resolve) => {
    clock.after(ms, resolve);
  });

export interface Backoff {
  baseMs: number;
  maxMs: number;
}

export const RECONNECT: Backoff = { baseMs: 500, maxMs: 20_000 };
export const RETRY: Backoff = { baseMs: 200, maxMs: 5_000 };

/** Exponential with full jitter: of a thousand clients that were cut off at once, no two come back together. */
export function backoffMs(clock: Clock, attempt: number, { baseMs, maxMs }: Backoff): number {
  return Math.round(clock.random() * Math.min(maxMs, baseMs * 2 ** Math.min(attempt, 16)));
}
