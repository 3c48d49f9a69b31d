import type { EventLog, LogPosition, ParsedPages } from '../../events/event-store.ts';
import { createLeftOut } from '../parking/left-out.ts';
import type { Parked, ParkedEvent } from '../parking/ports.ts';
import { createAdmin } from './admin.ts';
import type { Admin } from './api.ts';
import { applyPage, type Page } from './apply.ts';
import { createJobs, type Jobs } from './jobs.ts';
import { createFollower, heldByAll, heldByFollowing, type LiveViews, loadLive, reloadLive } from './live.ts';
import { LIVE_BUSY_MS, YIELD_MAX_MS } from './pace.ts';
import { createParkedWork } from './parked.ts';
import { StaleState, type ViewsStore } from './ports.ts';
import type { Report } from './report.ts';
import { createSweeper } from './sweeper.ts';
import type { Track } from './tracks.ts';
import { createTurns } from './turns.ts';
import { createUnknownEvents } from './unknown.ts';
import { createWake } from './wake.ts';

/** Live: whatever has come, up to so many events in a transaction. */
const LIVE_EVENTS_MAX = 1_000;
/** Catching up: so many. */
const CATCH_UP_EVENTS = 10_000;
/** A view that has nothing yet is built as a rebuild, without the indexes until its end, where it is further behind. */
const BUILD_FROM_EVENTS = 20_000;
/** How often the log is looked at without a nudge: other processes append too. */
const POLL_MS = 100;
const RETRY_MS = 500;

export interface RunnerOptions {
  log: EventLog & Partial<ParsedPages>;
  store: ViewsStore;
  /** Milliseconds since 1970. */
  clock: () => number;
  makeId: () => string;
  report: (report: Report) => void;
  /** Told of every move of what the views hold together, and of what those hold that are not paused: infinite where all are. */
  onPosition: (position: LogPosition, following: LogPosition) => void;
  /** Told where the log goes to while the views are far from it. */
  onHead: (head: LogPosition) => void;
  liveEventsMax?: number;
  catchUpEvents?: number;
  buildFromEvents?: number;
}

export interface Runner {
  readonly admin: Admin;
  /** What is parked; who asks for it to be tried again looks until it has been. */
  readonly parking: { list(): Parked[]; ask(group: string, key: string): Promise<number | null> };
  /** The greatest log position that every view holds. */
  position(): LogPosition;
  /** How many events of each type unknown to this version went by since the start. */
  unknown(): ReadonlyMap<string, number>;
  /** There may be something new in the log. */
  nudge(): void;
  /** Runs until it is closed. Throws where the store is corrupt, or the log fails. */
  run(): Promise<void>;
  /** Resolves when what was begun has ended. The store stays open. */
  close(): Promise<void>;
}

/** What a runner is made of. */
function createParts(options: RunnerOptions) {
  const { log, store, report } = options;
  const leftOut = createLeftOut();
  const live = loadLive(store, leftOut);
  const unknown = createUnknownEvents(report);
  const wake = createWake();
  const tell = createTeller(live, options.onPosition);
  // Of what is fed beside the live views nobody has to hear until it is live.
  const isLive = ({ group }: ParkedEvent): boolean => [...live.values()].some(({ track }) => track.lot.group === group);
  const onParked = (event: ParkedEvent): void => (isLive(event) ? report({ kind: 'parked', ...event }) : undefined);
  const told = { onUnknown: unknown.count, onParked };
  const take = (tracks: readonly Track[], page: Page) => applyPage(store, { tracks, page, ...told });
  const liveEventsMax = options.liveEventsMax ?? LIVE_EVENTS_MAX;
  const catchUpEvents = options.catchUpEvents ?? CATCH_UP_EVENTS;
  const activity = { movedAt: Number.NEGATIVE_INFINITY };
  const busy = (): boolean => performance.now() - activity.movedAt < LIVE_BUSY_MS;
  const shared = { log, store, live, leftOut };
  const parked = createParkedWork({ ...shared, wake: wake.now, report });
  const onPromoted = (): void => {
    parked.promoted();
    tell();
  };
  return {
    ...shared,
    onPromoted,
    unknown,
    wake,
    tell,
    activity,
    jobs: createJobs({ ...options, ...told, ...shared, onPromoted, busy, stepEvents: catchUpEvents }),
    parked,
    follow: createFollower({ log, live, take, onHead: options.onHead, liveEventsMax, catchUpEvents }),
    sweep: createSweeper(store),
    between: createTurns(),
  };
}

/** A turn of the work: live events first; jobs have what time is left, and a little in any case. Answers how long (ms) to wait. */
function createWork({ follow, tell, jobs, parked, sweep, activity }: ReturnType<typeof createParts>) {
  let workedAt = Number.NEGATIVE_INFINITY;
  return async (): Promise<number> => {
    const followed = await follow();
    const now = performance.now();
    if (followed !== 'idle') activity.movedAt = now;
    tell();
    if (followed === 'behind' && now - workedAt < YIELD_MAX_MS) return 0;
    const released = await parked.turn();
    const wait = await jobs.turn();
    workedAt = performance.now();
    const swept = sweep();
    return followed === 'idle' && !swept && !released ? wait : 0;
  };
}

export function createRunner(options: RunnerOptions): Runner {
  const { log, store, clock, report } = options;
  const parts = createParts(options);
  const { live, jobs, parked, leftOut, unknown, wake, tell, between } = parts;
  const work = createWork(parts);
  let closed = false;
  let running: Promise<void> = Promise.resolve();
  let faulty = false;

  async function turn(): Promise<void> {
    const wait = await between(work);
    if (faulty) report({ kind: 'store-back' });
    faulty = false;
    if (wait <= 0) await new Promise(setImmediate);
    else await wake.wait(Math.min(wait, POLL_MS));
  }

  async function recover(error: unknown): Promise<void> {
    if (error instanceof StaleState) {
      reloadLive(store, live);
      tell();
      return;
    }
    const fault = store.faultOf(error);
    if (fault !== 'temporary') throw error;
    if (!faulty) report({ kind: 'store-fault', fault, error: String(error) });
    faulty = true;
    await wake.wait(RETRY_MS);
  }

  async function loop(): Promise<void> {
    const head = await log.head();
    await leftOut.load(log);
    await between(() => beginUnbuilt(jobs, live, head >= (options.buildFromEvents ?? BUILD_FROM_EVENTS)));
    tell();
    options.onHead(head);
    while (!closed) await turn().catch(recover);
  }

  /** Whatever it dies of, the jobs let go of what they hold; what that fails with follows from what it died of. */
  async function runToItsEnd(): Promise<void> {
    try {
      await loop();
    } catch (error) {
      await between(jobs.stop).catch(() => undefined);
      throw error;
    }
    await between(jobs.stop);
  }

  return {
    admin: createAdmin({ ...parts, clock, wake: wake.now }),
    parking: { list: parked.parking.list, ask: (...of) => between(() => parked.parking.ask(...of)) },
    position: () => heldByAll(live),
    unknown: () => unknown.counts,
    nudge: wake.now,
    run: () => (running = runToItsEnd()),
    async close() {
      closed = true;
      wake.now();
      await running.catch(() => undefined); // whoever runs it hears of it
    },
  };
}

/** Tells of a position once. */
function createTeller(live: LiveViews, onPosition: RunnerOptions['onPosition']): () => void {
  let told: readonly LogPosition[] = [];
  return () => {
    const now = [heldByAll(live), heldByFollowing(live)] as const;
    if (now.every((position, i) => position === told[i])) return;
    told = now;
    onPosition(...now);
  };
}

/** Goes on with what was left unfinished, and begins a build of views that hold nothing of a long log. */
async function beginUnbuilt(jobs: Jobs, live: LiveViews, long: boolean): Promise<void> {
  await jobs.resume();
  if (!long) return;
  const empty = [...live.values()].filter(({ track }) => track.position === 0).map(({ track }) => track.view);
  const views = empty.filter((view) => !jobs.open(view, 'rebuild'));
  const name = views.length === 1 ? views.join() : 'all';
  if (views.length > 0) jobs.begin({ name, action: 'rebuild', views, first: true });
}
