import type { Job, JobDeps, JobWork } from './job.ts';
import type { ViewName } from './ports.ts';
import { rebuildWork } from './rebuild.ts';
import { verifyWork } from './verify.ts';

/** How many jobs can be asked for; those that ended first are forgotten first. */
const JOBS_KEPT = 100;

/** Rebuilds and verifies, one after the other. */
export interface Jobs {
  /** True where there was something to do. Throws where the store fails for a while: the step is tried again. */
  turn(): Promise<boolean>;
  /** Null where such a job of one of the views has not ended. */
  rebuild(name: string, views: readonly ViewName[]): Job | null;
  verify(name: string, views: readonly ViewName[]): Job | null;
  /** A rebuild of views that hold nothing yet. */
  build(views: readonly ViewName[]): void;
  /** Goes on with the rebuild that an earlier run left unfinished. */
  resume(): void;
  job(id: string): Job | null;
  running(view: ViewName, action: Job['action']): Job | null;
  /** Leaves unfinished work as it is. */
  stop(): Promise<void>;
}

export function createJobs(deps: JobDeps): Jobs {
  const records = new Map<string, Job>();
  const worker = createJobWorker(deps);

  const running: Jobs['running'] = (view, action) =>
    [...records.values()].find((job) => job.state === 'running' && job.action === action && job.views.includes(view)) ??
    null;

  function add(job: Pick<Job, 'name' | 'views' | 'action'>, begin: () => JobWork): Job | null {
    if (job.views.some((view) => running(view, job.action))) return null;
    const added = newJob(deps, job);
    records.set(added.jobId, added);
    forgetEnded(records);
    worker.queue(added, begin);
    return added;
  }

  function rebuild(name: string, views: readonly ViewName[], how: 'afresh' | 'resume'): Job | null {
    const job = add({ name, views, action: 'rebuild' }, () => rebuildWork(deps, { views, how }));
    if (job) holdEmpty(deps, views);
    return job;
  }

  return {
    turn: worker.turn,
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
    job: (id) => records.get(id) ?? null,
    running,
    stop: worker.stop,
  };
}

/** Works off a queue of jobs, a step in each turn. */
function createJobWorker({ store, clock }: JobDeps) {
  const waiting: { job: Job; begin: () => JobWork }[] = [];
  let current: { job: Job; work: JobWork } | null = null;

  async function finish(job: Job, work: JobWork, error: Error | null): Promise<void> {
    current = null;
    await work.end(error === null ? 'done' : 'failed');
    if (error === null) job.progress = 1;
    job.state = error === null ? 'done' : 'failed';
    job.error = error === null ? null : error.message;
    job.result = error === null ? work.result() : null;
    job.endedAt = clock();
  }

  async function turn(): Promise<boolean> {
    if (!current) {
      const [next] = waiting;
      if (!next) return false;
      current = { job: next.job, work: next.begin() };
      waiting.shift();
    }
    const { job, work } = current;
    try {
      const done = await work.step();
      job.progress = work.progress();
      if (done) await finish(job, work, null);
    } catch (error) {
      if (store.faultOf(error) !== null || !(error instanceof Error)) throw error;
      await finish(job, work, error);
    }
    return true;
  }

  return {
    turn,
    queue: (job: Job, begin: () => JobWork) => void waiting.push({ job, begin }),
    async stop() {
      await current?.work.end('stopped');
      current = null;
    },
  };
}

const nameOf = (views: readonly ViewName[]): string => (views.length === 1 ? views.join() : 'all');

function newJob({ makeId, clock }: JobDeps, job: Pick<Job, 'name' | 'views' | 'action'>): Job {
  return {
    ...job,
    jobId: makeId(),
    state: 'running',
    progress: 0,
    startedAt: clock(),
    endedAt: null,
    result: null,
    error: null,
  };
}

function forgetEnded(records: Map<string, Job>): void {
  for (const { jobId, state } of records.values()) {
    if (records.size <= JOBS_KEPT) return;
    if (state !== 'running') records.delete(jobId);
  }
}

/** Live tables that hold nothing yet wait for the rebuild, rather than be filled twice. */
function holdEmpty({ live }: JobDeps, views: readonly ViewName[]): void {
  for (const view of views) {
    const entry = live.get(view);
    if (entry?.track.position === 0) entry.held = true;
  }
}
