import { setTimeout as pause } from 'node:timers/promises';
import { accepted, type Outcome, rejected } from '../../events/error-codes.ts';
import type { EventLog, LogPosition } from '../../events/event-store.ts';
import { encodePosition } from '../../events/position.ts';
import type { ProjectionAdmin, ProjectionJob, ProjectionState } from '../../gateway/http/ops/port.ts';
import type { Cassandra } from '../../infra/cassandra/cassandra.ts';
import { createCheckpoints } from '../../infra/postgres/checkpoints.ts';
import type { Postgres } from '../../infra/postgres/pool.ts';
import { systemClock } from '../../infra/system/clock.ts';
import { VIEWS } from '../../projections/index.ts';
import type { Checkpoints, GroupName, ViewGroup } from '../../projections/partitions/ports.ts';
import type { ViewProgress } from '../../queries/progress.ts';
import { ids } from '../write-side.ts';
import { PAUSE_SEEN_MS, rebuildGroup } from './rebuild.ts';
import type { Compared, ViewReaders } from './verify/compare.ts';
import { verifyViews } from './verify/verify.ts';

type ViewName = (typeof VIEWS)[number];

/** Which consumer group holds a view: views of one group move together. */
const GROUP_OF: Record<ViewName, ViewGroup> = {
  'chat-history': 'chat-history',
  'user-chats': 'user-chats',
  members: 'user-chats',
  users: 'user-chats',
};

/** No view, but an operator has to see whether anybody delivers: listed, and nothing else. */
const DELIVERIES = 'deliveries';

export interface AdminDeps {
  readonly log: EventLog;
  readonly checkpoints: Checkpoints;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  verify(views: readonly ViewName[], onProgress: (progress: number) => void): Promise<Compared>;
  /** Empties the group's rows and lets its projectors fill them from the log again. */
  rebuild(group: ViewGroup, onProgress: (progress: number) => void): Promise<void>;
}

export interface OpenAdmin {
  log: EventLog;
  postgres: Postgres;
  cassandra: Cassandra;
  views: ViewReaders;
  progress: ViewProgress;
}

export function openAdmin({ log, postgres, cassandra, views, progress }: OpenAdmin): ProjectionAdmin {
  const checkpoints = createCheckpoints(postgres);
  return createClusterAdmin({
    log,
    checkpoints,
    clock: systemClock,
    verify: (names, onProgress) => verifyViews({ log, found: views, progress }, names, onProgress),
    rebuild: (group, onProgress) => rebuildGroup({ log, checkpoints, postgres, cassandra }, group, onProgress),
  });
}

/** A view that is further behind than this is catching up; more than this is not counted either. */
const CATCHING_UP_EVENTS = 1_000;
const JOBS_KEPT = 100;
const ALL = 'all';

type Job = { -readonly [K in keyof ProjectionJob]: ProjectionJob[K] } & { startedMs: number };

/** What an operator sees of the views of a cluster, from whichever process answers. Its jobs run in that process. */
export function createClusterAdmin(deps: AdminDeps): ProjectionAdmin {
  const jobs = new Map<string, Job>();
  const state = (view: ViewName): Promise<ProjectionState> => stateOf(deps, view, GROUP_OF[view]);
  const named = (name: string): ViewName[] => (name === ALL ? [...VIEWS] : VIEWS.filter((view) => view === name));
  const begin = (
    { name, action }: Pick<Job, 'name' | 'action'>,
    work: (job: Job) => Promise<Compared | null>,
  ): Outcome<ProjectionJob> => {
    if (named(name).length === 0) return noSuchView(name);
    const same = [...jobs.values()].some((job) => job.state === 'running' && job.action === action);
    if (same) return rejected('version-conflict', `a ${action} is running`);
    const job = newJob(deps, { name, action });
    jobs.set(job.jobId, job);
    forgetEnded(jobs);
    void finish(deps, job, work(job));
    return accepted(record(job));
  };
  const setPaused = async (name: string, paused: boolean): Promise<Outcome<ProjectionState>> => {
    const [view] = name === ALL ? [] : named(name);
    if (view === undefined) return noSuchView(name);
    await deps.checkpoints.setPaused(GROUP_OF[view], paused);
    if (paused) await pause(PAUSE_SEEN_MS);
    return accepted(await state(view));
  };
  return {
    list: () => Promise.all([...VIEWS.map(state), stateOf(deps, DELIVERIES, DELIVERIES)]),
    verify: async (name) =>
      begin({ name, action: 'verify' }, (job) => deps.verify(named(name), (progress) => (job.progress = progress))),
    rebuild: async (name) =>
      begin({ name, action: 'rebuild' }, async (job) => {
        const groups = new Set(named(name).map((view) => GROUP_OF[view]));
        for (const group of groups) await deps.rebuild(group, (progress) => (job.progress = progress));
        return null;
      }),
    pause: (name) => setPaused(name, true),
    resume: (name) => setPaused(name, false),
    cancel: async () => NOT_YET,
    rollback: async () => NOT_YET,
    drop: async () => NOT_YET,
    repair: async () => NOT_YET,
    jobs: async () => [...jobs.values()].reverse().map(record),
    async job(id) {
      const job = jobs.get(id);
      return job ? record(job) : null;
    },
  };
}

const NOT_YET = rejected('version-conflict', 'in a cluster this version cannot do that yet');
const noSuchView = (name: string) => rejected('not-found', `no view is called ${name}: there are ${VIEWS.join(', ')}`);

async function stateOf(
  { log, checkpoints, clock }: AdminDeps,
  name: string,
  group: GroupName,
): Promise<ProjectionState> {
  const partitions = await checkpoints.list([group]);
  const position = partitions.length === 0 ? 0 : Math.min(...partitions.map((partition) => partition.position));
  const head = await log.head();
  const behind = position < head ? await log.readAll({ after: position, until: head, limit: CATCHING_UP_EVENTS }) : [];
  const catchingUp = behind.length >= CATCHING_UP_EVENTS;
  const paused = partitions.some((partition) => partition.paused);
  const rebuilding = partitions.some((partition) => partition.rebuilding);
  return {
    name,
    state: paused ? 'paused' : rebuilding ? 'rebuilding' : catchingUp ? 'catching-up' : 'live',
    position: encodePosition(log.epoch, position),
    lagEvents: catchingUp ? estimate(position, head, behind.at(-1)?.position) : behind.length,
    lagSeconds: behind[0] ? Math.max(0, (clock() - behind[0].recordedAt) / 1_000) : 0,
    progress: catchingUp || rebuilding ? position / Math.max(1, head) : null,
    etaS: null,
    generations: { live: null, building: null, previous: null },
  };
}

/** Positions have holes: as many events as the first thousand suggest. */
function estimate(position: LogPosition, head: LogPosition, thousandth: LogPosition = head): number {
  const perEvent = Math.max(1, (thousandth - position) / CATCHING_UP_EVENTS);
  return Math.round((head - position) / perEvent);
}

function newJob({ clock }: AdminDeps, { name, action }: Pick<Job, 'name' | 'action'>): Job {
  const startedMs = clock();
  return {
    jobId: ids.ulid(),
    name,
    action,
    state: 'running',
    progress: 0,
    etaS: null,
    startedAt: new Date(startedMs).toISOString(),
    startedMs,
    endedAt: null,
    result: null,
    error: null,
    phase: null,
    eventsPerSecond: null,
    lagEvents: null,
    lagSeconds: null,
    actor: null,
    reason: null,
  };
}

const record = ({ startedMs: _startedMs, ...job }: Job): ProjectionJob => ({ ...job });

async function finish({ clock }: AdminDeps, job: Job, work: Promise<Compared | null>): Promise<void> {
  try {
    const compared = await work;
    job.result = compared && { ...compared, sample: 1, differencesFound: compared.differences.length };
    job.progress = 1;
    job.state = 'done';
  } catch (error) {
    job.error = error instanceof Error ? error.message : String(error);
    job.state = 'failed';
  }
  job.endedAt = new Date(clock()).toISOString();
}

function forgetEnded(jobs: Map<string, Job>): void {
  for (const { jobId, state } of jobs.values()) {
    if (jobs.size <= JOBS_KEPT) return;
    if (state !== 'running') jobs.delete(jobId);
  }
}
