/** A wait that a nudge cuts short, also a nudge that came before it. */
export interface Wake {
  now(): void;
  wait(ms: number): Promise<void>;
}

export function createWake(): Wake {
  let nudged = false;
  let resume: (() => void) | null = null;
  return {
    now() {
      nudged = true;
      resume?.();
    },
    async wait(ms) {
      if (!nudged) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          resume = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      resume = null;
      nudged = false;
    },
  };
}
