import { setImmediate } from 'node:timers/promises';
import type { Timer } from '../../commands/index.ts';

export interface ManualTimer extends Timer {
  /** Lets time pass, timer by timer, for so many milliseconds (default: 10 s), letting everything settle in between. */
  run(ms?: number): Promise<void>;
}

/** Time that passes only when it is told to. */
export function manualTimer(): ManualTimer {
  let now = 0;
  let timers: { at: number; call: () => void }[] = [];
  return {
    now: () => now,
    after(ms, call) {
      const timer = { at: now + ms, call };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    async run(ms = 10_000) {
      const until = now + ms;
      for (;;) {
        await setImmediate();
        const next = timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
        if (!next) break;
        timers = timers.filter((other) => other !== next);
        now = next.at;
        next.call();
      }
      now = until;
    },
  };
}
