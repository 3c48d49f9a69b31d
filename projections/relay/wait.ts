/** Pauses that a signal cuts short. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}

const FIRST_MS = 50;
const MAX_MS = 2_000;

/** Ever longer pauses between attempts that fail. */
export interface BackOff {
  wait(signal: AbortSignal): Promise<void>;
  reset(): void;
}

export function createBackOff(): BackOff {
  let nextMs = FIRST_MS;
  return {
    async wait(signal) {
      const ms = nextMs;
      nextMs = Math.min(MAX_MS, nextMs * 2);
      await pause(ms, signal);
    },
    reset() {
      nextMs = FIRST_MS;
    },
  };
}
