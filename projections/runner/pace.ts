import { restMs } from '../rest.ts';

/** Beside a view that moves, a job takes so much of the time; alone it takes all. An operator may say otherwise. */
export const SHARE_BESIDE_LIVE = 0.5;
/** The live views have moved within this: readers wait for them. */
export const LIVE_BUSY_MS = 1_000;
/** While the live views lag, a job waits; but no longer than this for its next step. */
export const YIELD_MAX_MS = 1_000;
/** What a pace is measured over: long enough to be steady, short enough to tell what is so now. */
const WINDOW_MS = 10_000;
const SAMPLE_EVERY_MS = 200;
const MS_PER_S = 1_000;

export interface Limits {
  eventsPerSecond?: number;
  share?: number;
}

/** When the next step may begin, so that the job stays within what it was given. Times in milliseconds of one clock. */
export interface Pacer {
  readyAt(): number;
  took(step: { from: number; to: number; events: number; busy: boolean }): void;
}

export function createPacer({ eventsPerSecond, share }: Limits): Pacer {
  let ready = 0;
  return {
    readyAt: () => ready,
    took({ from, to, events, busy }) {
      const allowed = share ?? (busy ? SHARE_BESIDE_LIVE : 1);
      ready = to + restMs({ eventsPerSecond, share: allowed }, { events, ms: to - from });
    },
  };
}

/** How fast it went lately. Units are what the whole is measured in, events what an operator counts. */
export interface Meter {
  add(step: { units: number; events: number }): void;
  eventsPerSecond(): number | null;
  /** Null while there is no pace. */
  etaS(unitsLeft: number): number | null;
  /** After a pause: what was before tells nothing. */
  restart(): void;
}

export function createMeter(now: () => number): Meter {
  let samples: { at: number; units: number; events: number }[] = [];
  let units = 0;
  let events = 0;
  const lately = () => {
    const first = samples[0];
    if (!first) return null;
    const seconds = (now() - first.at) / MS_PER_S;
    return seconds <= 0 ? null : { units: (units - first.units) / seconds, events: (events - first.events) / seconds };
  };
  return {
    add(step) {
      const at = now();
      if (samples.length === 0) samples.push({ at, units, events });
      units += step.units;
      events += step.events;
      if (at - (samples.at(-1)?.at ?? 0) >= SAMPLE_EVERY_MS) samples.push({ at, units, events });
      const since = samples.findIndex((sample) => at - sample.at <= WINDOW_MS);
      if (since > 1) samples = samples.slice(since - 1);
    },
    eventsPerSecond() {
      const pace = lately();
      return pace && Math.round(pace.events);
    },
    etaS(unitsLeft) {
      const pace = lately();
      return pace && pace.units > 0 ? Math.ceil(unitsLeft / pace.units) : null;
    },
    restart() {
      samples = [];
    },
  };
}
