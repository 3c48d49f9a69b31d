import type { ViewsStore } from './ports.ts';

/** Queries may hold on to a generation that nothing points to any more for so long. */
const SWEEP_AFTER_MS = 5_000;

/** Removes the tables of generations that are gone, one in each call; true where there was one. */
export function createSweeper(store: ViewsStore): () => boolean {
  let lookAgainAt = performance.now() + SWEEP_AFTER_MS;
  return () => {
    if (performance.now() < lookAgainAt) return false;
    const swept = store.sweep();
    if (!swept) lookAgainAt = performance.now() + SWEEP_AFTER_MS;
    return swept;
  };
}
