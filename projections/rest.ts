/** How fast work that readers do not wait for may go. Left out or null: no bound of that kind. */
interface WorkLimits {
  readonly eventsPerSecond?: number | null | undefined;
  /** Of the time: more than 0, at most 1. */
  readonly share?: number | null | undefined;
}

const SECOND_MS = 1_000;

/** The rest that is owed after some work, so that the limits hold on average. */
export function restMs({ eventsPerSecond, share }: WorkLimits, { events, ms }: { events: number; ms: number }): number {
  const byShare = ms * (1 / (share ?? 1) - 1);
  const byRate = eventsPerSecond == null ? 0 : (events / eventsPerSecond) * SECOND_MS - ms;
  return Math.max(0, byShare, byRate);
}
