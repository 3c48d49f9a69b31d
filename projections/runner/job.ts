import type { EventLog, ParsedPages } from '../../events/event-store.ts';
import type { LeftOut } from '../parking/left-out.ts';
import type { ParkedEvent } from '../parking/ports.ts';
import type { EventPlace } from '../projection.ts';
import type { LiveViews } from './live.ts';
import type { Comparison, ViewName, ViewsStore } from './ports.ts';
import type { Report } from './report.ts';

export interface Job {
  readonly jobId: string;
  readonly name: string;
  readonly views: readonly ViewName[];
  readonly action: 'rebuild' | 'verify';
  state: 'running' | 'paused' | 'done' | 'failed' | 'cancelled';
  /** 0 to 1. */
  progress: number;
  /** Milliseconds since 1970, both. */
  readonly startedAt: number;
  endedAt: number | null;
  result: Comparison | null;
  error: string | null;
}

/** A job's work, a slice at a time, so that live events come first. */
export interface JobWork {
  /** True when the work is done. A step that the store could not take is tried again. */
  step(): Promise<boolean>;
  progress(): number;
  /** Gives back what it holds. Work that was `stopped` may be gone on with by a later run. */
  end(how: 'done' | 'failed' | 'stopped'): Promise<void>;
  result(): Comparison | null;
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
  /** Events in one transaction. */
  stepEvents: number;
}
