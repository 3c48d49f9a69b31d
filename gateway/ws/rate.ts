/**
 * A token bucket that answers at once: the frames of a socket are decided in the order of their coming, so nothing may
 * be awaited between two of them.
 */
export interface Bucket {
  take(): boolean;
}

export function createBucket(limit: { points: number; seconds: number }, clock: () => number): Bucket {
  const perMs = limit.points / (limit.seconds * 1_000);
  let tokens = limit.points;
  let at = clock();
  return {
    take() {
      const now = clock();
      tokens = Math.min(limit.points, tokens + Math.max(0, now - at) * perMs);
      at = now;
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}
