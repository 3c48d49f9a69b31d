import type { EventLog, LogPosition, ParsedPages } from '../../events/event-store.ts';
import { createLeftOut } from '../parking/left-out.ts';
import type { ParkedEvent } from '../parking/ports.ts';
import { createAdmin } from './admin.ts';
import type { Admin } from './api.ts';
import { applyPage, type Page } from './apply.ts';
import { createJobs, type Jobs } from './jobs.ts';
import { createFollower, heldByAll, type LiveViews, loadLive, reloadLive } from './live.ts';
import { createParkedWork, type ParkedWork } from './parked.ts';
import { StaleState, type ViewsStore } from './ports.ts';
import type { Report } from './report.ts';
import type { Track } from './tracks.ts';
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
  /** Told of every move of what the views hold together. */
  onPosition: (position: LogPosition) => void;
  /** Told where the log goes to while the views are far from it. */
  onHead: (head: LogPosition) => void;
  liveEventsMax?: number;
  catchUpEvents?: number;
  buildFromEvents?: number;
}

export interface Runner {
  readonly admin: Admin;
  /** What is parked; who asks for it to be tried again looks until it has been. */
  readonly parking: ParkedWork['parking'];
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

export function createRunner(options: RunnerOptions): Runner {
  const { log, store, clock, report } = options;
  const leftOut = createLeftOut();
  const live = loadLive(store, leftOut);
  const unknown = createUnknownEvents(report);
  const wake = createWake();
  const tell = createTeller(live, options.onPosition);
  const onParked = (event: ParkedEvent): void => report({ kind: 'parked', ...event });
  const told = { onUnknown: unknown.count, onParked };
  const take = (tracks: readonly Track[], page: Page) => applyPage(store, { tracks, page, ...told });
  const liveEventsMax = options.liveEventsMax ?? LIVE_EVENTS_MAX;
  const catchUpEvents = options.catchUpEvents ?? CATCH_UP_EVENTS;
  const jobs = createJobs({ ...options, ...told, live, leftOut, onPromoted: tell, stepEvents: catchUpEvents });
  const parked = createParkedWork({
    log,
    store,
    live,
    leftOut,
    wake: wake.now,
    onReleased: (event) => report({ kind: 'released', ...event }),
  });
  const follow = createFollower({ log, live, take, onHead: options.onHead, liveEventsMax, catchUpEvents });
  let closed = false;
  let running: Promise<void> = Promise.resolve();
  let faulty = false;

  async function work(): Promise<void> {
    const moved = await follow();
    tell();
    const worked = [await parked.turn(), await jobs.turn()].includes(true);
    if (faulty) report({ kind: 'store-back' });
    faulty = false;
    if (moved || worked) await new Promise(setImmediate);
    else await wake.wait(POLL_MS);
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
    await parked.look();
    beginUnbuilt(jobs, live, head >= (options.buildFromEvents ?? BUILD_FROM_EVENTS));
    tell();
    options.onHead(head);
    while (!closed) await work().catch(recover);
    await jobs.stop();
  }

  return {
    admin: createAdmin({ log, store, live, jobs, clock, wake: wake.now }),
    parking: parked.parking,
    position: () => heldByAll(live),
    unknown: () => unknown.counts,
    nudge: wake.now,
    run: () => (running = loop()),
    async close() {
      closed = true;
      wake.now();
      await running;
    },
  };
}

/** Tells of a position once. */
function createTeller(live: LiveViews, onPosition: (position: LogPosition) => void): () => void {
  let told: LogPosition = -1;
  return () => {
    const position = heldByAll(live);
    if (position === told) return;
    told = position;
    onPosition(position);
  };
}

/** Goes on with a rebuild that was left unfinished, and begins one of views that hold nothing of a long log. */
function beginUnbuilt(jobs: Jobs, live: LiveViews, long: boolean): void {
  jobs.resume();
  const empty = [...live.values()].filter(({ track }) => track.position === 0).map(({ track }) => track.view);
  if (long) jobs.build(empty);
}
