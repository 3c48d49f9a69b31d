/** Whether what the leases say of others can be relied on. */
export interface Sight {
  /** The leases have answered just now. */
  beaten(): void;
  clear(): boolean;
}

/**
 * Where the leases did not answer for a while nobody was heard of, and whoever comes back first finds all others dead.
 * So whoever was not heard of itself gives them as long as makes a gateway dead.
 */
export function createSight(
  { deadAfterMs, beatMs }: { deadAfterMs: number; beatMs: number },
  clock: () => number = () => performance.now(),
): Sight {
  let last: number | null = null;
  let clearFrom = Number.NEGATIVE_INFINITY;
  return {
    beaten() {
      const now = clock();
      if (last !== null && now - last > deadAfterMs - beatMs) clearFrom = now + deadAfterMs;
      last = now;
    },
    clear: () => clock() >= clearFrom,
  };
}
