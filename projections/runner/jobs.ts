import type { EventLog, LogPosition } from '../../events/event-store.ts';
import type { Page } from './apply.ts';
import type { Comparison, ViewName, ViewsStore } from './ports.ts';
import { rebuildWork } from './rebuild.ts';
import type { Live, Report } from './runner.ts';
import type { Track } from './tracks.ts';
import { verifyWork } from './verify.ts';

/** How many ended jobs can still be asked for. */
const JOBS_KEPT = 100;

export interface Job {
  readonly jobId: string;
  readonly name: string;
  readonly views: readonly ViewName[];
  readonly action: 'rebuild' | 'verify';
  state: 'running' | 'done' | 'failed' | 'cancelled';
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
  /** True when the work is done. */
  step(): Promise<boolean>;
  progress(): number;
  /** Gives back what it holds; `done` tells whether it came to its end. */
  end(done: boolean): Promise<void>;
  result(): Comparison | null;
}

export interface JobDeps {
  log: EventLog;
  store: ViewsStore;
  clock: () => number;
  makeId: () => string;
  report: (report: Report) => void;
  live: ReadonlyMap<ViewName, Live>;
  take: (tracks: readonly Track[], page: Page, defer?: boolean) => void;
  onPromoted: (position: LogPosition) => void;
  pageEvents: number;
}

export interface Jobs {
  /** True where there was something to do. Throws where the store fails for a while: the step is tried again. */
  turn(): Promise<boolean>;
  rebuild(name: string, views: readonly ViewName[]): Job | null;
  verify(name: string, views: readonly ViewName[]): Job | null;
  /** A rebuild of views that hold nothing yet. */
  build(views: readonly ViewName[]): void;
  /** Goes on with the rebuild that an earlier run left unfinished. */
  resume(): void;
  job(id: string): Job | null;
  running(view: ViewName): Job | null;
  /** Leaves unfinished work as it is. */
  stop(): Promise<void>;
}

export function createJobs(deps: JobDeps): Jobs {
  const jobs = new Map<string, Job>();
  const queue: { job: Job; begin: () => JobWork }[] = [];
  let current: { job: Job; work: JobWork } | null = null;

  const running = (view: ViewName, action?: Job['action']) =>
    [...jobs.values()].find(
      (job) => job.state === 'running' && job.views.includes(view) && (action === undefined || job.action === action),
    ) ?? null;

  function add(job: Pick<Job, 'name' | 'views' | 'action'>, begin: () => JobWork): Job | null {
    if (job.views.some((view) => running(view, job.action))) return null;
    const added: Job = {
      ...job,
      jobId: deps.makeId(),
      state: 'running',
      progress: 0,
      startedAt: deps.clock(),
      endedAt: null,
      result: null,
      error: null,
    };
    jobs.set(added.jobId, added);
    for (const old of jobs.values()) {
      if (jobs.size <= JOBS_KEPT) break;
      if (old.state !== 'running') jobs.delete(old.jobId);
    }
    queue.push({ job: added, begin });
    return added;
  }

  async function finish(job: Job, work: JobWork | null, error: Error | null): Promise<void> {
    current = null;
    await work?.end(error === null);
    job.state = error === null ? 'done' : 'failed';
    job.progress = error === null ? 1 : job.progress;
    job.endedAt = deps.clock();
    job.result = work?.result() ?? null;
    job.error = error === null ? null : error.message;
  }

  async function turn(): Promise<boolean> {
    if (!current) {
      const next = queue[0];
      if (!next) return false;
      current = { job: next.job, work: next.begin() };
      queue.shift();
    }
    const { job, work } = current;
    try {
      const done = await work.step();
      job.progress = work.progress();
      if (done) await finish(job, work, null);
    } catch (error) {
      if (deps.store.faultOf(error) !== null || !(error instanceof Error)) throw error;
      await finish(job, work, error);
    }
    return true;
  }

  const rebuild = (name: string, views: readonly ViewName[], how: 'afresh' | 'resume') => {
    const job = add({ name, views, action: 'rebuild' }, () => rebuildWork(deps, { views, how }));
    if (job) holdEmpty(deps, views);
    return job;
  };
  const nameOf = (views: readonly ViewName[]) => (views.length === 1 ? (views[0] ?? 'all') : 'all');

  return {
    turn,
    rebuild: (name, views) => rebuild(name, views, 'afresh'),
    verify: (name, views) => add({ name, views, action: 'verify' }, () => verifyWork(deps, views)),
    build(views) {
      const idle = views.filter((view) => !running(view, 'rebuild'));
      if (idle.length > 0) rebuild(nameOf(idle), idle, 'afresh');
    },
    resume() {
      const begun = [...deps.live.keys()].filter((view) => deps.store.state(view, 'next') !== null);
      if (begun.length > 0) rebuild(nameOf(begun), begun, 'resume');
    },
    job: (id) => jobs.get(id) ?? null,
    running,
    async stop() {
      await current?.work.end(false);
      current = null;
    },
  };
}

/** Live tables that hold nothing yet wait for the rebuild, rather than be filled twice. */
function holdEmpty({ live }: JobDeps, views: readonly ViewName[]): void {
  for (const view of views) {
    const entry = live.get(view);
    if (entry?.track.position === 0) entry.held = true;
  }
}
