import type { Registry } from './registry.ts';

/** The gateway shuts down. */
export interface Ending {
  closing: boolean;
  settled: (() => void) | null;
}

/** Resolves when no request is open any more, or at the deadline. */
export function settle(registry: Registry, ending: Ending, deadlineMs: number): Promise<void> {
  const open = (): boolean => [...registry.all].some(({ commandsOpen }) => commandsOpen > 0);
  if (!open()) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, deadlineMs);
    ending.settled = () => {
      if (open()) return;
      clearTimeout(timer);
      resolve();
    };
  });
}
