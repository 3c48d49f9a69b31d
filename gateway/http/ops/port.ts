import type { ErrorCode, Outcome } from '../../../events/error-codes.ts';

/**
 * What an operator may see of the views and do to them. The projections implement it. Every action answers `not-found`
 * where no view has that name, and `version-conflict` where what is there does not allow it. Specification:
 * `test/contracts/projection-admin.ts`.
 */
export interface ProjectionAdmin {
  list(): Promise<ProjectionState[]>;
  /** Begins a new generation beside the live one, which takes its place once it is verified; a second one while it runs is refused. */
  rebuild(name: string, how?: RebuildOptions): Promise<Outcome<ProjectionJob>>;
  /** Compares the view with a fold of the log. */
  verify(name: string, how?: VerifyOptions): Promise<Outcome<ProjectionJob>>;
  /** Pauses the rebuild of the view while one runs, else the view. */
  pause(name: string): Promise<Outcome<ProjectionState>>;
  resume(name: string): Promise<Outcome<ProjectionState>>;
  /**
   * Ends the rebuild that the view is part of, whatever it was asked for, or else the verify; of `all` one that runs. What a
   * rebuild had built is thrown away.
   */
  cancel(name: string): Promise<Outcome<ProjectionJob>>;
  /** Makes the previous generation the live one again, and the live one the previous. */
  rollback(name: string): Promise<Outcome<ProjectionState>>;
  /** Throws the previous generation away. */
  drop(name: string): Promise<Outcome<ProjectionState>>;
  /** Builds all that the views hold of one chat anew, in place. */
  repair(chatId: string, how?: { by?: ActedBy }): Promise<Outcome<ProjectionJob>>;
  /** Those that are kept, the latest first. */
  jobs(): Promise<ProjectionJob[]>;
  /** Null where there is no such job, or none any more. */
  job(id: string): Promise<ProjectionJob | null>;
}

/** UTF-16 units of a reason. */
export const REASON_MAX_LENGTH = 500;

/** Who asked for it, and why; kept with a job, so that its end can be recorded in their name. */
export interface ActedBy {
  actor: string;
  reason?: string;
}

export interface VerifyOptions {
  /** The share of chats that is compared, above 0 to 1; left out: every row. */
  sample?: number;
  by?: ActedBy;
}

export interface RebuildOptions extends VerifyOptions {
  /** At most so many events in a second. */
  eventsPerSecond?: number;
  /** At most so much of the time, above 0 to 1. */
  share?: number;
}

export interface ProjectionState {
  name: string;
  state: 'live' | 'catching-up' | 'paused' | 'rebuilding';
  /** Public form. */
  position: string;
  lagEvents: number;
  lagSeconds: number;
  /** 0 to 1 while rebuilding or catching up, else null. */
  progress: number | null;
  /** Seconds until it is done, null where that is not known. */
  etaS: number | null;
  /** Their numbers: the one that is read, the one that is being built, and the one that a rollback goes back to. */
  generations: { live: number | null; building: number | null; previous: number | null };
}

export interface ProjectionJob {
  jobId: string;
  /** A view, `all`, or the chat of a repair. */
  name: string;
  action: 'rebuild' | 'verify' | 'repair';
  state: 'running' | 'paused' | 'done' | 'failed' | 'cancelled';
  /** What a rebuild is at; null where it has not begun or has ended, and of other jobs. */
  phase: 'building' | 'catching-up' | 'verifying' | 'switching' | null;
  progress: number;
  /** By the pace of the last while, not since the beginning. */
  etaS: number | null;
  /** The pace of the last while. */
  eventsPerSecond: number | null;
  /** How far what is being built lies behind the log. */
  lagEvents: number | null;
  lagSeconds: number | null;
  /** RFC 3339. */
  startedAt: string;
  endedAt: string | null;
  /** Who asked for it; null where the server began it by itself. */
  actor: string | null;
  reason: string | null;
  /** What was compared and where view and log differ, of a verify that is done and of a rebuild that verified. */
  result: Comparison | null;
  error: string | null;
}

export interface Comparison {
  /** Rows compared. */
  rows: number;
  /** The share of chats that was compared. */
  sample: number;
  /** All that were found; `differences` names the first. */
  differencesFound: number;
  differences: { chatId: string; seq: number; what: string }[];
  /** Events that operators have left out of the views that were compared: no differences. */
  skipped?: { views: string[]; stream: string; revision: number; type: string; reason: string }[];
  /** Chats and users of which the views hold what came before an event, and no more: no differences either. */
  parked?: { group: string; key: string; stream: string; revision: number; waiting: number }[];
}

/** What became of an action: `accepted`, or why it was refused; of a long one later also how it ended. */
export type ActOutcome = 'asked' | 'accepted' | ErrorCode | 'done' | 'failed' | 'cancelled';
