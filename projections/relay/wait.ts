import { pause } from '../pause.ts';

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
