import { accepted, type Outcome, rejected } from '../../events/error-codes.ts';
import type { EventLog } from '../../events/event-store.ts';
import { encodePosition } from '../../events/position.ts';
import type { Admin, ProjectionJob, ProjectionState } from './api.ts';
import type { Job } from './job.ts';
import type { Jobs } from './jobs.ts';
import type { Live, LiveViews } from './live.ts';
import { VIEWS, type ViewName, type ViewsStore } from './ports.ts';

interface Deps {
  log: EventLog;
  store: ViewsStore;
  live: LiveViews;
  jobs: Jobs;
  clock: () => number;
  wake: () => void;
}

/** A view that is further behind than this is catching up. */
const CATCHING_UP_EVENTS = 1_000;

export function createAdmin(deps: Deps): Admin {
  const pace = createPace(deps.clock);
  const state = (view: ViewName, entry: Live) => stateOf(deps, { view, entry, pace });
  const begin = (name: string, start: Jobs['rebuild']): Outcome<ProjectionJob> => {
    const views = name === 'all' ? VIEWS : VIEWS.filter((view) => view === name);
    if (views.length === 0) return noSuchView(name);
    const job = start(name, views);
    deps.wake();
    return job
      ? accepted(jobRecord(job, deps.clock()))
      : rejected('version-conflict', `such a job of ${name} is running`);
  };
  const setPaused = async (name: string, paused: boolean): Promise<Outcome<ProjectionState>> => {
    const view = VIEWS.find((known) => known === name);
    const entry = view && deps.live.get(view);
    if (!entry) return noSuchView(name);
    deps.store.setPaused(view, paused);
    entry.paused = paused;
    deps.wake();
    return accepted(await state(view, entry));
  };
  return {
    list: async () => Promise.all([...deps.live].map(([view, entry]) => state(view, entry))),
    rebuild: async (name) => begin(name, deps.jobs.rebuild),
    verify: async (name) => begin(name, deps.jobs.verify),
    pause: (name) => setPaused(name, true),
    resume: (name) => setPaused(name, false),
    cancel: async () => NOT_YET,
    rollback: async () => NOT_YET,
    drop: async () => NOT_YET,
    repair: async () => NOT_YET,
    jobs: async () => [],
    async job(id) {
      const job = deps.jobs.job(id);
      return job && jobRecord(job, deps.clock());
    },
  };
}

const NOT_YET = rejected('version-conflict', 'this version cannot do that yet');
const noSuchView = (name: string) => rejected('not-found', `no view is called ${name}: there are ${VIEWS.join(', ')}`);

async function stateOf(
  { log, jobs, clock }: Deps,
  { view, entry, pace }: { view: ViewName; entry: Live; pace: Pace },
): Promise<ProjectionState> {
  const { track, paused } = entry;
  const head = await log.head();
  const [next] = track.position < head ? await log.readAll({ after: track.position, limit: 1 }) : [];
  const rebuilding = jobs.running(view, 'rebuild');
  const lagEvents = Math.max(0, head - track.position);
  const behind = lagEvents > CATCHING_UP_EVENTS;
  const base = {
    name: view,
    position: encodePosition(log.epoch, track.position),
    lagEvents,
    lagSeconds: next ? Math.max(0, (clock() - next.recordedAt) / 1_000) : 0,
    generations: { live: 1, building: null, previous: null },
  };
  if (rebuilding) {
    const { progress } = rebuilding;
    return { ...base, state: 'rebuilding', progress, etaS: etaSeconds(rebuilding, clock()) };
  }
  if (paused) return { ...base, state: 'paused', progress: null, etaS: null };
  if (!behind) return { ...base, state: 'live', progress: null, etaS: null };
  return { ...base, state: 'catching-up', progress: track.position / head, etaS: pace(view, track.position, head) };
}

function jobRecord(job: Job, now: number): ProjectionJob {
  const { jobId, name, action, state, progress, startedAt, endedAt, result, error } = job;
  return {
    jobId,
    name,
    action,
    state,
    progress,
    etaS: state === 'running' ? etaSeconds(job, now) : null,
    startedAt: new Date(startedAt).toISOString(),
    endedAt: endedAt === null ? null : new Date(endedAt).toISOString(),
    phase: null,
    eventsPerSecond: null,
    lagEvents: null,
    lagSeconds: null,
    actor: null,
    reason: null,
    result,
    error,
  };
}

/** By the pace since the beginning; null before there is one. */
function etaSeconds({ progress, startedAt }: Job, now: number): number | null {
  if (progress <= 0) return null;
  return Math.round((((now - startedAt) / progress) * (1 - progress)) / 1_000);
}

type Pace = (view: ViewName, position: number, head: number) => number | null;

/** How long a view that catches up has to go, by how far it came since it was asked about last. */
function createPace(clock: () => number): Pace {
  const asked = new Map<ViewName, { position: number; time: number }>();
  return (view, position, head) => {
    const before = asked.get(view);
    const time = clock();
    asked.set(view, { position, time });
    const moved = before ? position - before.position : 0;
    return before && moved > 0 ? Math.round(((head - position) / moved) * ((time - before.time) / 1_000)) : null;
  };
}
