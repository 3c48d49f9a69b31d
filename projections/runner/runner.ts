import type { EventLog, LogPosition, RecordedEvent } from '../../events/event-store.ts';
import { type Admin, createAdmin } from './admin.ts';
import { applyPage, type Page } from './apply.ts';
import { createJobs } from './jobs.ts';
import { StaleState, type StoreFault, VIEWS, type ViewName, type ViewsStore } from './ports.ts';
import { createTrack, furthestBehind, type Track } from './tracks.ts';

/** Live: whatever has come, up to so many events in a transaction. */
const LIVE_EVENTS_MAX = 1_000;
/** Catching up: so many. */
const CATCH_UP_EVENTS = 10_000;
/** A view that has nothing yet is built as a rebuild, without the indexes until its end, where it is further behind. */
const BUILD_FROM_EVENTS = 20_000;
/** How often the log is looked at without a nudge: other processes append too. */
const POLL_MS = 100;
const RETRY_MS = 500;

export type Report =
  | { kind: 'unknown-event'; type: string; stream: string; position: LogPosition }
  | { kind: 'view-failed'; view: ViewName; error: string }
  | { kind: 'store-fault'; fault: StoreFault; error: string }
  | { kind: 'store-back' }
  | { kind: 'rebuilt'; views: readonly ViewName[]; position: LogPosition };

export interface RunnerOptions {
  log: EventLog;
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
  /** The greatest log position that every view holds. */
  position(): LogPosition;
  /** How many events of each type unknown to this version went by since the start. */
  unknown(): ReadonlyMap<string, number>;
  /** There may be something new in the log. */
  nudge(): void;
  /** Runs until it is closed. Throws where the store is corrupt, or the log fails for good. */
  run(): Promise<void>;
  /** Resolves when what was begun has ended. The store stays open. */
  close(): Promise<void>;
}

export interface Live {
  readonly track: Track;
  paused: boolean;
  /** A rebuild that began from nothing: the live tables wait for it. */
  held: boolean;
}

export function createRunner(options: RunnerOptions): Runner {
  const { log, store, report } = options;
  const live = new Map<ViewName, Live>(VIEWS.map((view) => [view, loadLive(store, view)]));
  const unknown = new Map<string, number>();
  const wake = createWake();
  let closed = false;
  let running: Promise<void> = Promise.resolve();
  let told: LogPosition = -1;
  let page = options.liveEventsMax ?? LIVE_EVENTS_MAX;

  const onUnknown = (event: RecordedEvent) => {
    const count = unknown.get(event.type) ?? 0;
    unknown.set(event.type, count + 1);
    if (count === 0)
      report({ kind: 'unknown-event', type: event.type, stream: event.stream, position: event.position });
  };
  const position = () => Math.min(...[...live.values()].map(({ track }) => track.position));
  const tell = () => {
    if (position() === told) return;
    told = position();
    options.onPosition(told);
  };
  const take = (tracks: readonly Track[], taken: Page, defer = false) => {
    const failed = new Set(tracks.filter((track) => track.failure));
    applyPage(store, { tracks, page: taken, onUnknown, defer });
    for (const { view, failure } of tracks.filter((track) => track.failure && !failed.has(track))) {
      report({ kind: 'view-failed', view, error: String(failure?.error) });
    }
  };

  const jobs = createJobs({
    ...options,
    live,
    take,
    onPromoted: tell,
    pageEvents: options.catchUpEvents ?? CATCH_UP_EVENTS,
  });

  /** True where there was something to do. */
  async function liveTurn(): Promise<boolean> {
    const tracks = [...live.values()].filter(({ paused, held }) => !paused && !held).map(({ track }) => track);
    const after = furthestBehind(tracks);
    if (after === null) return false;
    const limit = page;
    const events = await log.readAll({ after, limit });
    const last = events.at(-1);
    page =
      events.length < limit ? (options.liveEventsMax ?? LIVE_EVENTS_MAX) : (options.catchUpEvents ?? CATCH_UP_EVENTS);
    if (!last) return false;
    take(tracks, { events, after, through: last.position });
    tell();
    if (events.length >= limit) options.onHead(await log.head());
    return true;
  }

  let faulty = false;
  async function turn(): Promise<void> {
    try {
      const moved = await liveTurn();
      const worked = await jobs.turn();
      if (faulty) report({ kind: 'store-back' });
      faulty = false;
      if (!moved && !worked) await wake.wait(POLL_MS);
      else await new Promise(setImmediate);
    } catch (error) {
      if (error instanceof StaleState) {
        reload(store, live);
        tell();
        return;
      }
      const fault = store.faultOf(error);
      if (fault !== 'temporary') throw error;
      if (!faulty) report({ kind: 'store-fault', fault, error: String(error) });
      faulty = true;
      await wake.wait(RETRY_MS);
    }
  }

  async function loop(): Promise<void> {
    const head = await log.head();
    const fresh = [...live.values()].filter(({ track }) => track.position === 0).map(({ track }) => track.view);
    jobs.resume();
    if (fresh.length > 0 && head >= (options.buildFromEvents ?? BUILD_FROM_EVENTS)) jobs.build(fresh);
    tell();
    options.onHead(head);
    while (!closed) await turn();
    await jobs.stop();
  }

  return {
    admin: createAdmin({ log, store, live, jobs, clock: options.clock, wake: wake.now }),
    position,
    unknown: () => unknown,
    nudge: wake.now,
    run: () => (running = loop()),
    async close() {
      closed = true;
      wake.now();
      await running;
    },
  };
}

function loadLive(store: ViewsStore, view: ViewName): Live {
  const state = store.state(view, 'live');
  if (!state) throw new Error(`the views hold no ${view}`);
  const track = createTrack(store, { view, generation: 'live', position: state.position });
  return { track, paused: state.paused, held: false };
}

/** After somebody else moved the checkpoints: what the store holds is what counts. */
function reload(store: ViewsStore, live: ReadonlyMap<ViewName, Live>): void {
  store.reset();
  for (const [view, entry] of live) {
    entry.track.projection.reset();
    const state = store.state(view, 'live');
    if (state) {
      entry.track.position = state.position;
      entry.track.saved = state.position;
      entry.paused = state.paused;
    }
  }
}

interface Wake {
  now(): void;
  wait(ms: number): Promise<void>;
}

/** A wait that a nudge cuts short, also a nudge that came before it. */
function createWake(): Wake {
  let nudged = false;
  let resume: (() => void) | null = null;
  return {
    now() {
      nudged = true;
      resume?.();
    },
    async wait(ms) {
      if (!nudged) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          resume = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      resume = null;
      nudged = false;
    },
  };
}
