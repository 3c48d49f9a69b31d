import type { EventLog, LogPosition } from '../../events/event-store.ts';
import type { LeftOut } from '../parking/left-out.ts';
import type { Page } from './apply.ts';
import { createMeter, type Meter } from './pace.ts';
import { parkingGroup, VIEWS, type ViewName, type ViewsStore } from './ports.ts';
import { createTrack, furthestBehind, type Track } from './tracks.ts';

/** A view as it is read, and what keeps it from following the log. */
export interface Live {
  track: Track;
  /** What a rollback goes back to: it is fed as the live one is. */
  previous: Track | null;
  /** What takes its place next: fed beside it from when it has caught up. */
  building: Track | null;
  paused: boolean;
  /** How fast it follows the log. */
  readonly meter: Meter;
  /** A rebuild that began from nothing: the live tables wait for it. */
  held: boolean;
}
export type LiveViews = ReadonlyMap<ViewName, Live>;

export function loadLive(store: ViewsStore, leftOut: LeftOut): LiveViews {
  return new Map(VIEWS.map((view) => [view, loadView(store, view, leftOut)]));
}

function loadView(store: ViewsStore, view: ViewName, leftOut: LeftOut): Live {
  const { live, previous } = store.generations(view);
  const track = loadTrack({ store, leftOut }, view, live);
  return {
    track,
    previous: previous === null ? null : loadTrack({ store, leftOut }, view, previous),
    building: null,
    paused: store.state(view, live)?.paused ?? false,
    meter: createMeter(() => performance.now()),
    held: false,
  };
}

export function loadTrack(
  { store, leftOut }: { store: ViewsStore; leftOut: LeftOut },
  view: ViewName,
  generation: number,
): Track {
  const state = store.state(view, generation);
  if (!state) throw new Error(`the views hold no generation ${generation} of ${view}`);
  const group = parkingGroup(view, generation, store.generations(view));
  return createTrack(store, { view, generation, position: state.position, leftOut, group });
}

/** All that is fed from the log as it comes. */
const tracksOf = ({ track, previous, building }: Live): Track[] =>
  [track, previous, building].filter((one) => one !== null);

/** After somebody else moved the checkpoints: what the store holds is what counts. */
export function reloadLive(store: ViewsStore, live: LiveViews): void {
  store.reset();
  for (const [view, entry] of live) {
    for (const track of tracksOf(entry)) {
      track.projection.reset();
      track.lot.reset();
      track.position = store.state(view, track.generation)?.position ?? track.position;
    }
    entry.paused = store.state(view, entry.track.generation)?.paused ?? entry.paused;
  }
}

/** The greatest log position that every view holds. */
export const heldByAll = (live: LiveViews): LogPosition =>
  Math.min(...[...live.values()].map(({ track }) => track.position));

/** The same without those that an operator has paused; infinite where all are. */
export const heldByFollowing = (live: LiveViews): LogPosition =>
  Math.min(...[...live.values()].filter(({ paused }) => !paused).map(({ track }) => track.position));

export interface Follow {
  log: EventLog;
  live: LiveViews;
  take: (tracks: readonly Track[], page: Page) => void;
  onHead: (head: LogPosition) => void;
  liveEventsMax: number;
  catchUpEvents: number;
}

/** `behind`: there is more than one page. */
export type Followed = 'idle' | 'moved' | 'behind';

/** One page of the log into the live views. */
export function createFollower({
  log,
  live,
  take,
  onHead,
  liveEventsMax,
  catchUpEvents,
}: Follow): () => Promise<Followed> {
  let limit = liveEventsMax;
  return async () => {
    const following = [...live.values()].filter(({ paused, held }) => !paused && !held);
    const tracks = following.flatMap(tracksOf);
    const after = furthestBehind(tracks);
    if (after === null) return 'idle';
    const events = await log.readAll({ after, limit });
    const full = events.length >= limit;
    limit = full ? catchUpEvents : liveEventsMax;
    const last = events.at(-1);
    if (!last) {
      for (const { meter } of following) meter.restart(); // what comes next has a pace of its own
      return 'idle';
    }
    const before = following.map(({ track }) => track.position);
    take(tracks, { events, through: last.position });
    for (const [i, { track, meter }] of following.entries()) {
      const units = track.position - (before[i] ?? track.position);
      if (units > 0) meter.add({ units, events: events.length });
    }
    if (full) onHead(await log.head());
    return full ? 'behind' : 'moved';
  };
}

/** After a switch: what is parked goes by other names. */
export function switchTracks(deps: { store: ViewsStore; leftOut: LeftOut }, view: ViewName, entry: Live): void {
  const { live, previous } = deps.store.generations(view);
  entry.track = loadTrack(deps, view, live);
  entry.previous = previous === null ? null : loadTrack(deps, view, previous);
  entry.building = null;
}
