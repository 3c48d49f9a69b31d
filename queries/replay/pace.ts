/** How fast a replay goes. */
export interface Pace {
  /** How many times faster than it was; 0: as fast as it is taken. */
  readonly speed: number;
  /** Longer pauses of the original are shortened to this, before `speed` divides them. */
  readonly maxGapMs: number;
}

/** What a timer can hold. */
const TIMER_MAX_MS = 2_147_483_647;

/** How long a pause of the original lasts in a replay, in milliseconds. Where time went back there was none. */
export const pausePlayed = (gapMs: number, { speed, maxGapMs }: Pace): number =>
  speed === 0 || gapMs <= 0 ? 0 : Math.min(Math.min(gapMs, maxGapMs) / speed, TIMER_MAX_MS);

/** For each event in turn, the time at which it is due (ms of `now`). A target that is slow is not made up for. */
export function createSchedule(pace: Pace): (at: string, now: number) => number {
  let last: number | null = null;
  let due = 0;
  return (at, now) => {
    const time = Date.parse(at);
    // In the order of the log an import's times come after later ones: time never goes back here.
    const pause = last === null ? 0 : pausePlayed(time - last, pace);
    last = time;
    due = Math.max(now, due + pause);
    return due;
  };
}
