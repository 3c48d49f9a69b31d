import { setTimeout as pause } from 'node:timers/promises';
import { accepted, type Outcome, rejected } from '../../events/error-codes.ts';
import type { EventLog } from '../../events/event-store.ts';
import { encodePosition } from '../../events/position.ts';
import { chatStream } from '../../events/streams.ts';
import type { ActedBy, ProjectionAdmin, ProjectionJob, ProjectionState } from '../../gateway/http/ops/port.ts';
import type { Driver } from '../../projections/generations/driver.ts';
import type { Generation, Generations, Job, Jobs, Target } from '../../projections/generations/ports.ts';
import { readersReady } from '../../projections/generations/rebuild.ts';
import { VIEWS } from '../../projections/index.ts';
import { CATCHING_UP_EVENTS, lagBehind } from '../../projections/lag.ts';
import {
  type Checkpoints,
  FIRST_GENERATION,
  type GroupName,
  groupName,
  groupOf,
  type ViewGroup,
} from '../../projections/partitions/ports.ts';
import { ids } from '../write-side.ts';
import { jobRecord } from './generations/job-record.ts';

type ViewName = (typeof VIEWS)[number];

/** No view, but an operator has to see whether anybody delivers: listed, and nothing else. */
const DELIVERIES = 'deliveries';
const ALL = 'all';
/** Projectors look twice a second whether they are paused: nothing is begun any more after so long. */
const PAUSE_SEEN_MS = 1_000;
/** Whoever drives a job hears within a second that it is to end. */
const CANCELLED_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 100;
/** A keyspace and a schema take some seconds to make. */
const PREPARED_WITHIN_MS = 20_000;
/** What was live before is fed: it is there in a moment, or something is wrong. */
const ROLLED_BACK_WITHIN_MS = 60_000;

export interface AdminDeps {
  readonly log: EventLog;
  readonly checkpoints: Checkpoints;
  readonly generations: Generations;
  readonly jobs: Jobs;
  readonly driver: Pick<Driver, 'drive'>;
  /** Names this process. */
  readonly owner: string;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

/** What an operator sees of the views of a cluster, and does to them, from whichever process answers. */
export function createClusterAdmin(deps: AdminDeps): ProjectionAdmin {
  const state = async (view: ViewName): Promise<ProjectionState> => viewState(deps, view, await look(deps));
  const onOne = async (
    name: string,
    act: (group: ViewGroup) => Promise<Outcome<unknown>>,
  ): Promise<Outcome<ProjectionState>> => {
    const [view] = name === ALL ? [] : named(name);
    if (view === undefined) return noSuchView(name);
    const outcome = await act(groupOf(view));
    return outcome.ok ? accepted(await state(view)) : outcome;
  };
  const begin = async (
    job: Pick<Job, 'action' | 'name' | 'asked'>,
    how: Omit<Parameters<Jobs['begin']>[1], 'driver'> = {},
  ): Promise<Outcome<ProjectionJob>> => {
    const lease = await deps.jobs.begin({ ...job, jobId: ids.ulid() }, { ...how, driver: deps.owner });
    if (!lease)
      return rejected('version-conflict', `a ${job.action} of ${job.name}, or of a view that goes with it, is running`);
    deps.driver.drive(lease);
    return accepted(jobRecord(lease.job));
  };
  return {
    async list() {
      const seen = await look(deps);
      return Promise.all([
        ...VIEWS.map((view) => viewState(deps, view, seen)),
        groupState(deps, DELIVERIES, DELIVERIES),
      ]);
    },
    async verify(name, { sample, by } = {}) {
      const views = named(name);
      if (views.length === 0) return noSuchView(name);
      return begin({ action: 'verify', name, asked: { views, ...sampleOf(sample), ...byOf(by) } });
    },
    async rebuild(name, { sample, by, eventsPerSecond = null, share = null } = {}) {
      const building = groupsOf(named(name));
      if (building.length === 0) return noSuchView(name);
      return begin(
        { action: 'rebuild', name, asked: { ...sampleOf(sample), ...byOf(by) } },
        { building, limits: { eventsPerSecond, share } },
      );
    },
    async repair(chatId, { by } = {}) {
      const [first] = await deps.log.readStream(chatStream(chatId), { limit: 1 });
      if (!first) return rejected('not-found', `there is no chat ${chatId}`);
      return begin({ action: 'repair', name: chatId, asked: byOf(by) });
    },
    pause: (name) => onOne(name, (group) => setPaused(deps, group, true)),
    resume: (name) => onOne(name, (group) => setPaused(deps, group, false)),
    cancel: (name) => cancel(deps, name),
    rollback: (name) => onOne(name, (group) => rollBack(deps, group)),
    drop: (name) =>
      onOne(name, async (group) =>
        (await deps.generations.drop([group])).length > 0 ? accepted(null) : nothingPrevious(group),
      ),
    async jobs() {
      const { jobs, paused } = await look(deps);
      return jobs.map((job) => jobRecord(job, { paused: paused(job) }));
    },
    async job(id) {
      const job = await deps.jobs.find(id);
      return job && jobRecord(job, { paused: (await look(deps)).paused(job) });
    },
  };
}

const named = (name: string): ViewName[] => (name === ALL ? [...VIEWS] : VIEWS.filter((view) => view === name));
const groupsOf = (views: readonly ViewName[]): ViewGroup[] => [...new Set(views.map(groupOf))];
const noSuchView = (name: string) => rejected('not-found', `no view is called ${name}: there are ${VIEWS.join(', ')}`);
const nothingPrevious = (group: ViewGroup) => rejected('version-conflict', `${group} has no previous generation`);
const sampleOf = (sample: number | undefined): { sample?: number } => (sample === undefined ? {} : { sample });
const byOf = (by: ActedBy | undefined): Partial<ActedBy> => ({ ...by });
const nameOf = ({ group, generation }: Target): GroupName => groupName(group, generation);

/** What there is at one moment. */
interface Seen {
  readonly generations: readonly Generation[];
  readonly jobs: readonly Job[];
  paused(job: Job): boolean;
}

async function look({ generations, jobs, checkpoints }: AdminDeps): Promise<Seen> {
  const [all, allJobs, states] = await Promise.all([generations.list(), jobs.list(), checkpoints.list()]);
  const pausedGroups = new Set(states.filter(({ paused }) => paused).map(({ group }) => group));
  return {
    generations: all,
    jobs: allJobs,
    paused: ({ asked, state }) =>
      state === 'running' && (asked.targets ?? []).some((target) => pausedGroups.has(nameOf(target))),
  };
}

const find = (seen: Pick<Seen, 'generations'>, group: ViewGroup, state: Generation['state']): Generation | null =>
  seen.generations.find((each) => each.group === group && each.state === state) ?? null;

async function viewState(deps: AdminDeps, view: ViewName, seen: Seen): Promise<ProjectionState> {
  const group = groupOf(view);
  const [live, building, previous] = (['live', 'building', 'previous'] as const).map((state) =>
    find(seen, group, state),
  );
  const found = await groupState(deps, view, live ? nameOf(live) : group);
  const job = seen.jobs.find(
    ({ state, action, asked }) =>
      state === 'running' && action === 'rebuild' && asked.targets?.some((target) => target.group === group),
  );
  const generations = {
    live: live?.generation ?? null,
    building: building?.generation ?? null,
    previous: previous?.generation ?? null,
  };
  if (!job) return { ...found, generations };
  const { progress, etaS } = jobRecord(job, { paused: seen.paused(job) });
  return { ...found, state: found.state === 'paused' ? 'paused' : 'rebuilding', progress, etaS, generations };
}

async function groupState(deps: AdminDeps, name: string, group: GroupName): Promise<ProjectionState> {
  const { log, checkpoints } = deps;
  const partitions = await checkpoints.list([group]);
  const position = partitions.length === 0 ? 0 : Math.min(...partitions.map((partition) => partition.position));
  const { events, seconds, head } = await lagBehind(deps, position);
  const catchingUp = events > CATCHING_UP_EVENTS;
  const paused = partitions.some((partition) => partition.paused);
  return {
    name,
    state: paused ? 'paused' : catchingUp ? 'catching-up' : 'live',
    position: encodePosition(log.epoch, position),
    lagEvents: events,
    lagSeconds: seconds,
    progress: catchingUp ? position / Math.max(1, head) : null,
    etaS: null,
    generations: { live: null, building: null, previous: null },
  };
}

/** A pause is of the rebuild while one runs, else of the view; both go on at once. */
async function setPaused(deps: AdminDeps, group: ViewGroup, paused: boolean): Promise<Outcome<null>> {
  const { jobs, generations } = await look(deps);
  const job = jobs.find(
    ({ state, asked }) => state === 'running' && asked.targets?.some((target) => target.group === group),
  );
  const live = find({ generations }, group, 'live') ?? { group, generation: FIRST_GENERATION };
  if (!job) await deps.checkpoints.setPaused(nameOf(live), paused);
  else {
    const groups = (job.asked.targets ?? []).map(nameOf);
    if (!(await prepared(deps, job.jobId, groups)))
      return rejected('version-conflict', `the rebuild of ${group} has nothing to pause yet: try again`);
    for (const name of paused ? groups : [...groups, nameOf(live)]) await deps.checkpoints.setPaused(name, paused);
  }
  if (paused) await pause(PAUSE_SEEN_MS);
  return accepted(null);
}

/** Whether a rebuild has its checkpoints: it may still be making the tables. */
async function prepared({ checkpoints, jobs }: AdminDeps, jobId: string, groups: readonly GroupName[]) {
  for (const until = performance.now() + PREPARED_WITHIN_MS; performance.now() < until; await pause(LOOK_EVERY_MS)) {
    const states = await checkpoints.list(groups);
    if (groups.every((name) => states.some(({ group }) => group === name))) return true;
    if ((await jobs.find(jobId))?.state !== 'running') return false;
  }
  return false;
}

/** The rebuild first: it is what is in the way. */
async function cancel(deps: AdminDeps, name: string): Promise<Outcome<ProjectionJob>> {
  const views = named(name);
  if (views.length === 0) return noSuchView(name);
  const groups = groupsOf(views);
  const running = (await deps.jobs.list()).filter(({ state }) => state === 'running');
  const job =
    running.find(({ asked }) => asked.targets?.some(({ group }) => groups.includes(group))) ??
    running.find(({ action, asked }) => action === 'verify' && views.some((view) => asked.views?.includes(view)));
  if (!job) return rejected('version-conflict', `no rebuild or verify of ${name} runs`);
  await deps.jobs.cancel(job.jobId);
  for (const until = performance.now() + CANCELLED_WITHIN_MS; ; await pause(LOOK_EVERY_MS)) {
    const now = (await deps.jobs.find(job.jobId)) ?? job;
    if (now.state !== 'running' || performance.now() >= until) return accepted(jobRecord(now));
  }
}

async function rollBack(deps: AdminDeps, group: ViewGroup): Promise<Outcome<null>> {
  const previous = find(await look(deps), group, 'previous');
  if (!previous) return nothingPrevious(group);
  const signal = AbortSignal.timeout(ROLLED_BACK_WITHIN_MS);
  try {
    await readersReady(deps, { signal }, [previous]);
  } catch (error) {
    if (!signal.aborted) throw error;
    await deps.generations.count([previous], false);
    return rejected('version-conflict', `${nameOf(previous)} does not follow the log: is it paused?`);
  }
  return (await deps.generations.rollBack([previous])) ? accepted(null) : nothingPrevious(group);
}
