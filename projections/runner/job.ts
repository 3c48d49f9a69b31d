import type { EventLog, ParsedPages } from '../../events/event-store.ts';
import type { LeftOut } from '../parking/left-out.ts';
import type { ParkedEvent } from '../parking/ports.ts';
import type { EventPlace } from '../projection.ts';
import type { LiveViews } from './live.ts';
import type { Limits, Meter, Pacer } from './pace.ts';
import type { Comparison, StoredJob, ViewsStore } from './ports.ts';
import type { Report } from './report.ts';

export interface Job {
  readonly stored: StoredJob;
  readonly pacer: Pacer;
  readonly meter: Meter;
  /** Null before its first step. */
  work: JobWork | null;
}

/** What a step has done. */
export interface Step {
  done: boolean;
  /** Of the log. */
  events: number;
}

/** A job's work, a slice at a time, so that live events come first. */
export interface JobWork {
  /** A step that the store could not take is tried again. */
  step(): Promise<Step>;
  /** In events of the log, about: how much is done, and of how much. */
  units(): { done: number; total: number };
  /** How far what is being built lies behind the log; null where nothing is. */
  position(): number | null;
  result(): Comparison | null;
  /** Gives back what it holds. Work that was `stopped` may be gone on with by a later run. */
  end(how: 'done' | 'failed' | 'stopped'): Promise<void>;
}

/** Ends a job that has found differences: they are its result. */
export class Differs extends Error {
  readonly code = 'differs';
  readonly result: Comparison;
  constructor(result: Comparison) {
    super(`what was built differs from the log in ${result.differencesFound} rows: the live view stays as it is`);
    this.name = 'Differs';
    this.result = result;
  }
}

export interface JobDeps {
  log: EventLog & Partial<ParsedPages>;
  store: ViewsStore;
  clock: () => number;
  makeId: () => string;
  report: (report: Report) => void;
  live: LiveViews;
  onUnknown: (event: EventPlace) => void;
  onParked: (event: ParkedEvent) => void;
  leftOut: LeftOut;
  /** The live views have moved. */
  onPromoted: () => void;
  /** Whether readers wait for the live views, which then come first. */
  busy: () => boolean;
  /** Events in one transaction. */
  stepEvents: number;
}

/** Beside live views that readers wait for, steps are short: a live event waits for no longer than one. */
const STEP_EVENTS_BESIDE_LIVE = 1_000;

/** Where a rate is given, a second's events come in so many steps. */
const STEPS_PER_SECOND = 5;

export function stepEventsOf({ busy, stepEvents }: JobDeps, { eventsPerSecond }: Limits): number {
  const most = busy() ? Math.min(STEP_EVENTS_BESIDE_LIVE, stepEvents) : stepEvents;
  return eventsPerSecond === undefined ? most : Math.min(most, Math.ceil(eventsPerSecond / STEPS_PER_SECOND));
}
