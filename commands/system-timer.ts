import type { Timer } from './ports.ts';

/** The process's own time. */
export const systemTimer: Timer = {
  now: () => performance.now(),
  after(ms, call) {
    const timeout = setTimeout(call, ms);
    return () => clearTimeout(timeout);
  },
};
