import { accepted, type Outcome, rejected } from '../../events/error-codes.ts';
import type { EventLog } from '../../events/event-store.ts';
import { isChatId } from '../../events/ids.ts';
import { encodePosition } from '../../events/position.ts';
import { chatStream } from '../../events/streams.ts';
import { CATCHING_UP_EVENTS, lagWithoutHoles } from '../lag.ts';
import type { LeftOut } from '../parking/left-out.ts';
import type { Admin, ProjectionJob, ProjectionState } from './api.ts';
import type { Asked, Jobs } from './jobs.ts';
import { type Live, type LiveViews, switchTracks } from './live.ts';
import { VIEWS, type ViewName, type ViewsStore } from './ports.ts';
import { etaOf, jobRecord, progressOf } from './records.ts';

interface Deps {
  log: EventLog;
  store: ViewsStore;
  leftOut: LeftOut;
  live: LiveViews;
  jobs: Jobs;
  clock: () => number;
  wake: () => void;
  /** The live views have moved. */
  onPromoted: () => void;
  /** Runs work between two steps of the runner: what it writes is part of no other transaction. */
  between: <T>(work: () => T | Promise<T>) => Promise<T>;
}

/** What a repair builds anew: users are of no chat. */
const OF_CHATS: readonly ViewName[] = VIEWS.filter((view) => view !== 'users');

export function createAdmin(deps: Deps): Admin {
  const { jobs } = deps;
  const state = (view: ViewName, entry: Live) => stateOf(deps, { view, entry });
  const found = (name: string): { view: ViewName; entry: Live } | null => {
    const view = VIEWS.find((known) => known === name);
    const entry = view && deps.live.get(view);
    return view && entry ? { view, entry } : null;
  };
  const begin = async (asked: Asked): Promise<Outcome<ProjectionJob>> => {
    const job = await deps.between(() => jobs.begin(asked));
    deps.wake();
    return job
      ? accepted(await jobRecord(deps, job))
      : rejected('version-conflict', `a ${asked.action} of ${asked.name} has not ended`);
  };
  const beginNamed = async (name: string, asked: Omit<Asked, 'name' | 'views'>): Promise<Outcome<ProjectionJob>> => {
    const views = name === 'all' ? VIEWS : VIEWS.filter((view) => view === name);
    return views.length === 0 ? noSuchView(name) : begin({ ...asked, name, views });
  };
  const moved = async (name: string, move: (of: { view: ViewName; entry: Live }) => Outcome<null>) => {
    const of = found(name);
    if (!of) return noSuchView(name);
    const outcome = await deps.between(() => move(of));
    deps.wake();
    return outcome.ok ? accepted(await state(of.view, of.entry)) : outcome;
  };
  return {
    list: async () => Promise.all([...deps.live].map(([view, entry]) => state(view, entry))),
    rebuild: (name, how = {}) => beginNamed(name, { action: 'rebuild', how }),
    verify: (name, how = {}) => beginNamed(name, { action: 'verify', how }),
    pause: (name) => moved(name, (of) => setPaused(deps, of, true)),
    resume: (name) => moved(name, (of) => setPaused(deps, of, false)),
    cancel: (name) => cancel(deps, name),
    rollback: (name) => moved(name, (of) => rollback(deps, of)),
    drop: (name) => moved(name, (of) => drop(deps, of)),
    async repair(chatId, { by } = {}) {
      const [first] = isChatId(chatId) ? await deps.log.readStream(chatStream(chatId), { limit: 1 }) : [];
      if (!first) return rejected('not-found', `there is no chat ${chatId}`);
      return begin({ action: 'repair', name: chatId, views: OF_CHATS, ...(by && { how: { by } }) });
    },
    jobs: async () =>
      Promise.all(
        jobs
          .all()
          .reverse()
          .map((job) => jobRecord(deps, job)),
      ),
    async job(id) {
      const job = jobs.job(id);
      return job && jobRecord(deps, job);
    },
  };
}

const noSuchView = (name: string) => rejected('not-found', `no view is called ${name}: there are ${VIEWS.join(', ')}`);

type Found = { view: ViewName; entry: Live };

/** A pause is of the rebuild while there is one, else of the view; both go on at once. */
function setPaused({ store, jobs }: Deps, { view, entry }: Found, paused: boolean): Outcome<null> {
  const rebuilding = jobs.open(view, 'rebuild');
  if (rebuilding && !rebuilding.stored.first) {
    jobs.setPaused(rebuilding, paused);
    if (paused) return accepted(null);
  }
  store.setPaused(view, paused);
  entry.paused = paused;
  entry.meter.restart();
  return accepted(null);
}

/** Readers never go back in what they have seen. */
function rollback(deps: Deps, { view, entry }: Found): Outcome<null> {
  const { store, jobs, onPromoted } = deps;
  const { track, previous } = entry;
  if (!previous) return rejected('version-conflict', `${view} has no previous generation`);
  if (previous.position < track.position) {
    return rejected('version-conflict', `the previous generation of ${view} is behind: try again`);
  }
  if (jobs.open(view, 'rebuild')) return rejected('version-conflict', `a rebuild of ${view} has not ended`);
  store.transaction(() => store.swap(view));
  switchTracks(deps, view, entry);
  onPromoted();
  return accepted(null);
}

function drop({ store }: Deps, { view, entry }: Found): Outcome<null> {
  if (!entry.previous) return rejected('version-conflict', `${view} has no previous generation`);
  store.transaction(() => store.drop(view));
  entry.previous = null;
  return accepted(null);
}

/** The rebuild first: it is what is in the way. */
async function cancel(deps: Deps, name: string): Promise<Outcome<ProjectionJob>> {
  const { jobs } = deps;
  const views = name === 'all' ? VIEWS : VIEWS.filter((view) => view === name);
  if (views.length === 0) return noSuchView(name);
  for (const action of ['rebuild', 'verify'] as const) {
    const job = views.map((view) => jobs.open(view, action)).find((found) => found !== null);
    if (!job) continue;
    if (job.stored.first)
      return rejected('version-conflict', 'a first build cannot be cancelled: nothing else is there');
    const cancelled = await deps.between(() => jobs.cancel(job));
    if (cancelled) return accepted(await jobRecord(deps, job));
  }
  return rejected('version-conflict', `no rebuild or verify of ${name} runs`);
}

async function stateOf(deps: Deps, { view, entry }: Found): Promise<ProjectionState> {
  const { log, jobs, store } = deps;
  const { track, paused, meter } = entry;
  const lag = await lagWithoutHoles(deps, track.position);
  const rebuilding = jobs.open(view, 'rebuild');
  const base = {
    name: view,
    position: encodePosition(log.epoch, track.position),
    lagEvents: lag.events,
    lagSeconds: lag.seconds,
    generations: store.generations(view),
    progress: null,
    etaS: null,
  };
  // A view that does not move says so, whatever is built beside it: nobody should wait for it.
  const state = paused ? 'paused' : 'rebuilding';
  if (rebuilding) return { ...base, state, progress: progressOf(rebuilding), etaS: etaOf(rebuilding) };
  if (paused) return { ...base, state };
  if (lag.events <= CATCHING_UP_EVENTS) return { ...base, state: 'live' };
  const head = track.position + lag.events;
  return { ...base, state: 'catching-up', progress: track.position / head, etaS: meter.etaS(lag.events) };
}
