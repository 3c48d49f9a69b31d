/** How fast a replay goes. */
export interface Pace {
  /** How many times faster than it was; 0: as fast as it is taken. */
  readonly speed: number;
  /** Longer pauses are shortened to this. */
  readonly maxGapMs: number;
}

/** For each event in turn, the time at which it is due (ms of `now`). A target that is slow is not made up for. */
export function createSchedule({ speed, maxGapMs }: Pace): (at: string, now: number) => number {
  let last: number | null = null;
  let due = 0;
  return (at, now) => {
    const time = Date.parse(at);
    // In the order of the log an import's times come after later ones: time never goes back here.
    const gap = last === null || speed === 0 ? 0 : Math.min(maxGapMs, Math.max(0, time - last) / speed);
    last = time;
    due = Math.max(now, due + gap);
    return due;
  };
}
