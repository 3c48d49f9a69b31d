import type { Outcome } from '../../../events/error-codes.ts';

/** What an operator may see of the views and do to them. The projections implement it. */
export interface ProjectionAdmin {
  list(): Promise<ProjectionState[]>;
  /** Begins a rebuild from the log beside the live view; a second one while it runs is `version-conflict`. */
  rebuild(name: string): Promise<Outcome<ProjectionJob>>;
  /** Compares the view with a fold of the log. */
  verify(name: string): Promise<Outcome<ProjectionJob>>;
  pause(name: string): Promise<Outcome<ProjectionState>>;
  resume(name: string): Promise<Outcome<ProjectionState>>;
  /** Null where there is no such job, or none any more. */
  job(id: string): Promise<ProjectionJob | null>;
}
// Every action answers `not-found` where no view has that name.

export interface ProjectionState {
  name: string;
  state: 'live' | 'catching-up' | 'paused' | 'rebuilding' | 'failed';
  /** Public form. */
  position: string;
  lagEvents: number;
  lagSeconds: number;
  /** 0 to 1 while rebuilding or catching up, else null. */
  progress: number | null;
  /** Seconds until it is done, null where that is not known. */
  etaS: number | null;
  /** Why it has failed. */
  error?: string;
}

export interface ProjectionJob {
  jobId: string;
  name: string;
  action: 'rebuild' | 'verify';
  state: 'running' | 'done' | 'failed' | 'cancelled';
  progress: number;
  etaS: number | null;
  /** RFC 3339. */
  startedAt: string;
  endedAt: string | null;
  /** Of a verify that is done: what it compared and where view and log differ. */
  result: { rows: number; differences: { chatId: string; seq: number; what: string }[] } | null;
  error: string | null;
}
