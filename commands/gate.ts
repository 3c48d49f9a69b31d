import { StoreError } from '../events/event-store.ts';

/** Knows what is going on, so that closing can wait for it. */
export interface Gate {
  readonly closing: () => boolean;
  /** Throws where the gate is closed: the caller should have looked. */
  pass<T>(work: () => Promise<T>): Promise<T>;
  /** Closes; resolves once all that passed is done. */
  close(): Promise<void>;
}

export function createGate(): Gate {
  let closed = false;
  const inside = new Set<Promise<unknown>>();
  return {
    closing: () => closed,
    async pass(work) {
      if (closed) throw new StoreError('closed', 'the write side is closed');
      const going = work();
      inside.add(going);
      try {
        return await going;
      } finally {
        inside.delete(going);
      }
    },
    async close() {
      closed = true;
      await Promise.allSettled(inside);
    },
  };
}
