import { StoreError } from '../../events/event-store.ts';

/** Lets so much work run at once; the rest waits, as far as there is room for it. */
export interface Gate {
  run<T>(work: () => Promise<T>): Promise<T>;
}

export function createGate({ limit, waitingMax }: { limit: number; waitingMax: number }): Gate {
  let running = 0;
  const waiting: (() => void)[] = [];
  return {
    async run(work) {
      if (running >= limit) {
        if (waiting.length >= waitingMax) throw new StoreError('busy', `${waitingMax} requests wait for Cassandra`);
        await new Promise<void>((resolve) => waiting.push(resolve)); // whoever ends hands its place over
      } else {
        running += 1;
      }
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        if (next) next();
        else running -= 1;
      }
    },
  };
}
