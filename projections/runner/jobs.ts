import type { ActedBy, RebuildOptions } from './api.ts';
import { Differs, type Job, type JobDeps, type JobWork, type Step } from './job.ts';
import { createMeter, createPacer } from './pace.ts';
import { ENDED_KEPT, type StoredJob, type ViewName } from './ports.ts';
import { rebuildWork } from './rebuild.ts';
import { jobRecord } from './records.ts';
import { repairWork } from './repair.ts';
import { verifyWork } from './verify.ts';

/** Rebuilds, verifies and repairs. They lie in the store, so that a later run goes on with those that have not ended. */
export interface Jobs {
  /** A step of each that may go on: 0 where one has worked, else how long (ms) until one may. Throws where the store fails for a while. */
  turn(): Promise<number>;
  /** Null where such a job of one of the views has not ended. */
  begin(asked: Asked): Job | null;
  /** Goes on with what an earlier run has left. */
  resume(): Promise<void>;
  all(): Job[];
  job(id: string): Job | null;
  open(view: ViewName, action: StoredJob['action']): Job | null;
  setPaused(job: Job, paused: boolean): void;
  /** False where it has ended meanwhile. */
  cancel(job: Job): Promise<boolean>;
  /** Leaves unfinished work as it is. */
  stop(): Promise<void>;
}

export interface Asked {
  name: string;
  action: StoredJob['action'];
  views: readonly ViewName[];
  first?: boolean;
  how?: RebuildOptions;
}

const WORK: { [A in StoredJob['action']]: (deps: JobDeps, job: StoredJob) => JobWork } = {
  rebuild: rebuildWork,
  verify: verifyWork,
  repair: repairWork,
};

const isOpen = ({ stored: { state } }: Job): boolean => state === 'running' || state === 'paused';

export function createJobs(deps: JobDeps): Jobs {
  const jobs = new Map<string, Job>();
  const { store } = deps;

  function add(stored: StoredJob): Job {
    const job: Job = {
      stored,
      pacer: createPacer(stored.how),
      meter: createMeter(() => performance.now()),
      work: null,
    };
    jobs.set(stored.jobId, job);
    forgetEnded(jobs);
    if (stored.first) holdEmpty(deps, stored.views);
    return job;
  }

  const open: Jobs['open'] = (view, action) =>
    [...jobs.values()].find((job) => isOpen(job) && job.stored.action === action && job.stored.views.includes(view)) ??
    null;

  return {
    turn: () => turn(deps, jobs),
    begin(asked) {
      if (asked.views.some((view) => open(view, asked.action))) return null;
      const stored = storedJob(deps, asked);
      store.transaction(() => {
        if (stored.action === 'rebuild') for (const view of stored.views) store.begin(view);
        store.saveJob(stored);
      });
      return add(stored);
    },
    async resume() {
      for (const stored of store.jobs()) add(stored);
      await store.forgetGradings([...jobs.values()].filter(isOpen).map(({ stored }) => stored.jobId));
    },
    all: () => [...jobs.values()],
    job: (id) => jobs.get(id) ?? null,
    open,
    setPaused(job, paused) {
      if (!isOpen(job)) return;
      job.stored.state = paused ? 'paused' : 'running';
      store.saveJob(job.stored);
      job.meter.restart();
    },
    async cancel(job) {
      if (!isOpen(job)) return false;
      await finish(deps, job, { state: 'cancelled' });
      return true;
    },
    async stop() {
      for (const job of jobs.values()) {
        await job.work?.end('stopped');
        job.work = null;
      }
    },
  };
}

async function turn(deps: JobDeps, jobs: ReadonlyMap<string, Job>): Promise<number> {
  let wait = Number.POSITIVE_INFINITY;
  for (const job of jobs.values()) {
    if (job.stored.state !== 'running') continue;
    const now = performance.now();
    const ready = job.pacer.readyAt() - now;
    if (ready <= 0) await step(deps, job, now);
    wait = Math.min(wait, Math.max(0, ready));
  }
  return wait;
}

async function step(deps: JobDeps, job: Job, from: number): Promise<void> {
  let done: Step;
  const busy = deps.busy();
  try {
    job.work ??= WORK[job.stored.action](deps, job.stored);
    const before = job.work.units().done;
    done = await job.work.step();
    job.pacer.took({ from, to: performance.now(), events: done.events, busy });
    job.meter.add({ units: Math.max(0, job.work.units().done - before), events: done.events });
  } catch (error) {
    if (deps.store.faultOf(error) !== null || !(error instanceof Error)) throw error;
    await finish(deps, job, { state: 'failed', error });
    return;
  }
  if (done.done) await finish(deps, job, { state: 'done' });
}

/** What a rebuild has not switched to is thrown away, in the transaction that ends it. */
async function finish(
  deps: JobDeps,
  job: Job,
  { state, error = null }: { state: 'done' | 'failed' | 'cancelled'; error?: Error | null },
): Promise<void> {
  const { store, clock, report } = deps;
  const { stored, work } = job;
  const result = error instanceof Differs ? error.result : state === 'done' ? (work?.result() ?? stored.result) : null;
  const ended: StoredJob = {
    ...stored,
    state,
    phase: null,
    endedAt: clock(),
    result,
    error: error === null ? null : error.message,
  };
  store.transaction(() => {
    if (stored.action === 'rebuild' && state !== 'done') for (const view of stored.views) store.abandon(view);
    store.saveJob(ended);
  });
  Object.assign(stored, ended);
  await work?.end(state === 'done' ? 'done' : 'failed');
  job.work = null;
  report({ kind: 'job-ended', job: await jobRecord(deps, job) });
}

/** As many of those that have ended as the store keeps. */
function forgetEnded(jobs: Map<string, Job>): void {
  const ended = [...jobs.values()].filter((job) => !isOpen(job));
  for (const { stored } of ended.slice(0, Math.max(0, ended.length - ENDED_KEPT))) jobs.delete(stored.jobId);
}

function storedJob(
  { makeId, clock }: JobDeps,
  { name, action, views, first = false, how: { by, ...how } = {} }: Asked,
): StoredJob {
  return {
    jobId: makeId(),
    name,
    action,
    views,
    first,
    how,
    by: (by as ActedBy | undefined) ?? null,
    state: 'running',
    phase: action === 'rebuild' ? 'building' : null,
    startedAt: clock(),
    endedAt: null,
    result: null,
    error: null,
  };
}

/** Live tables that hold nothing yet wait for the rebuild, rather than be filled twice. */
function holdEmpty({ live }: JobDeps, views: readonly ViewName[]): void {
  for (const view of views) {
    const entry = live.get(view);
    if (entry?.track.position === 0) entry.held = true;
  }
}
