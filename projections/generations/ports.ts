import type { LogPosition } from '../../events/event-store.ts';
import type { Skip } from '../parking/left-out.ts';
import type { Parked } from '../parking/ports.ts';
import type { FillLimits } from '../partitions/pace.ts';
import type { ViewGroup } from '../partitions/ports.ts';

// Of a cluster, where many processes share the work: `projections/runner` is the embedded engine's, in one thread.

/** A generation of a group's views: tables of their own, filled from the log by followers of their own. */
export interface Target {
  readonly group: ViewGroup;
  /** 1, 2, 3 …; no number comes twice. */
  readonly generation: number;
}

/** `previous` is what was live before: it is fed on, so that it can be live again at once. */
export type GenerationState = 'building' | 'live' | 'previous' | 'dropping';

export interface Generation extends Target, FillLimits {
  readonly state: GenerationState;
  /** Its tables and its checkpoints are there: projectors fill them. */
  readonly ready: boolean;
}

export type LiveGenerations = Readonly<Record<ViewGroup, number>>;

export type JobPhase = 'building' | 'catching-up' | 'verifying' | 'switching';
export type JobAction = 'rebuild' | 'verify' | 'repair';

export interface Difference {
  readonly chatId: string;
  readonly seq: number;
  readonly what: string;
}

export interface Comparison {
  /** Of the log and of the views together, each once. */
  readonly rows: number;
  /** The share of the chats and users that was compared. */
  readonly sample: number;
  readonly differencesFound: number;
  /** The first of them. */
  readonly differences: readonly Difference[];
  /** What operators have left out of the views that were compared: no differences. */
  readonly skipped: readonly Skip[];
  /** What these do not hold for the sake of an event that they could not take: no differences either. */
  readonly parked: readonly Parked[];
}

/** What a comparison goes by, in this order: each chat's history, then what else is about chats, then users. */
export type ComparedKind = 'histories' | 'chats' | 'users';

/** How far a comparison has come: it goes on behind that. */
export interface ComparedSoFar extends Pick<Comparison, 'rows' | 'differencesFound' | 'differences'> {
  /** What was compared. */
  readonly generations: Partial<LiveGenerations>;
  readonly kind: ComparedKind;
  /** All of that kind through this id, and of the kinds before it. */
  readonly through: string;
}

/** How far a job is, as whoever drives it says now and then. */
export interface JobTold {
  /** 0 to 1. */
  readonly progress?: number;
  readonly etaS?: number | null;
  readonly eventsPerSecond?: number | null;
  readonly lagEvents?: number | null;
  readonly lagSeconds?: number | null;
}

/** What whoever goes on with it must know. */
export interface JobEntered {
  readonly phase?: JobPhase;
  readonly goal?: LogPosition;
  readonly result?: Comparison | null;
  readonly compared?: ComparedSoFar;
}

/** What was asked for. */
export interface JobAsked {
  /** What is built, of a rebuild. */
  readonly targets?: readonly Target[];
  /** What is compared, of a verify. */
  readonly views?: readonly string[];
  /** The share of the chats and users that is compared; left out: all. */
  readonly sample?: number;
  readonly actor?: string;
  readonly reason?: string;
}

export interface Job {
  readonly jobId: string;
  readonly action: JobAction;
  /** Of a view, `all`, or of the chat that is repaired. */
  readonly name: string;
  readonly asked: JobAsked;
  readonly state: 'running' | 'done' | 'failed' | 'cancelled';
  readonly phase: JobPhase | null;
  /** What the log held when it began. */
  readonly goal: LogPosition | null;
  readonly told: JobTold;
  /** Milliseconds since 1970, both. */
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly result: Comparison | null;
  /** While it compares. */
  readonly compared: ComparedSoFar | null;
  readonly error: string | null;
}

/** The right to go on with a job. Whoever takes the job over ends it. */
export interface Lease {
  readonly job: Job;
  readonly term: number;
}

/** Another process drives the job, or it has ended. */
export class StaleDriver extends Error {
  readonly code = 'stale-driver';
  constructor({ job, term }: Lease) {
    super(`${job.action} of ${job.name}: term ${term} is over`);
    this.name = 'StaleDriver';
  }
}

export interface JobEnd {
  readonly state: 'done' | 'failed' | 'cancelled';
  readonly result?: Comparison | null;
  readonly error?: string | null;
}

/** Jobs outlive their processes: whoever has begun one drives it, and where it falls silent another goes on. */
export interface Jobs {
  /** Null where the same one is running. `building`: with a new generation of each of these, which none may have. */
  begin(
    job: { jobId: string; action: JobAction; name: string; asked: JobAsked },
    options: { driver: string; building?: readonly ViewGroup[]; limits?: Omit<FillLimits, 'yielding'> },
  ): Promise<Lease | null>;
  /** The latest first, those that ended too, as far as they are kept. */
  list(): Promise<Job[]>;
  find(jobId: string): Promise<Job | null>;
  /** Chats whose repair was done in so many last milliseconds. */
  repaired(withinMs: number): Promise<{ jobId: string; chatId: string }[]>;
  /** A running job whose driver has been silent for so long; null where there is none. */
  adopt(options: { driver: string; idleMs: number }): Promise<Lease | null>;
  /** Whoever drives it hears of it. False where no such job is running. */
  cancel(jobId: string): Promise<boolean>;
  /** Another may go on with it at once. Does nothing where another has. */
  release(lease: Lease): Promise<void>;
  /** Throws `StaleDriver`, as `end` does. True where the job is to be cancelled. */
  tell(lease: Lease, told: JobTold & JobEntered): Promise<boolean>;
  end(lease: Lease, end: JobEnd): Promise<void>;
}

/** The one truth about generations. What takes a lease throws `StaleDriver`. */
export interface Generations {
  /** Without those that are gone. */
  list(): Promise<Generation[]>;
  /** Their tables and checkpoints are there. */
  ready(lease: Lease, targets: readonly Target[]): Promise<void>;
  yield(targets: readonly Target[], yielding: boolean): Promise<void>;
  /** Whoever waits for the views waits for these too from now on, or no more. */
  count(targets: readonly Target[], counted: boolean): Promise<void>;
  /** Readers change over, the job is done, and what was live is `previous`; what was that is dropped. False where it is to be cancelled. */
  switchOver(lease: Lease, targets: readonly Target[], end: JobEnd): Promise<boolean>;
  /** The job ends, and what it built is dropped. */
  abandon(lease: Lease, targets: readonly Target[], end: JobEnd): Promise<void>;
  /** What is live and what was before change places. False where one of the groups has no previous one. */
  rollBack(targets: readonly Target[]): Promise<boolean>;
  /** The previous ones are dropped. Those that were there. */
  drop(groups: readonly ViewGroup[]): Promise<Target[]>;
  /** One to be dropped that nobody has read or fed for so long, and nobody else drops; null where there is none. */
  claimDropped(options: { idleMs: number }): Promise<Target | null>;
  /** Its tables are gone: so go its checkpoints, and what is parked there. */
  dropped(target: Target): Promise<void>;
}

/** Where the tables of a generation are made, and thrown away. Each may be called again. */
export interface Places {
  prepare(target: Target): Promise<void>;
  drop(target: Target): Promise<void>;
}
