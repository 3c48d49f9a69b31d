import type { EventLog, LogPosition } from '../../events/event-store.ts';
import type { LeftOut } from '../parking/left-out.ts';
import type { Page } from './apply.ts';
import { VIEWS, type ViewName, type ViewsStore } from './ports.ts';
import { createTrack, furthestBehind, type Track } from './tracks.ts';

/** A view as it is read, and what keeps it from following the log. */
export interface Live {
  readonly track: Track;
  paused: boolean;
  /** A rebuild that began from nothing: the live tables wait for it. */
  held: boolean;
}
export type LiveViews = ReadonlyMap<ViewName, Live>;

export function loadLive(store: ViewsStore, leftOut: LeftOut): LiveViews {
  return new Map(
    VIEWS.map((view) => {
      const state = store.state(view, 'live');
      if (!state) throw new Error(`the views hold no ${view}`);
      const track = createTrack(store, { view, generation: 'live', position: state.position, leftOut });
      return [view, { track, paused: state.paused, held: false }];
    }),
  );
}

/** After somebody else moved the checkpoints: what the store holds is what counts. */
export function reloadLive(store: ViewsStore, live: LiveViews): void {
  store.reset();
  for (const [view, entry] of live) {
    entry.track.projection.reset();
    entry.track.lot.reset();
    const state = store.state(view, 'live');
    if (!state) continue;
    entry.track.position = state.position;
    entry.paused = state.paused;
  }
}

/** The greatest log position that every view holds. */
export const heldByAll = (live: LiveViews): LogPosition =>
  Math.min(...[...live.values()].map(({ track }) => track.position));

export interface Follow {
  log: EventLog;
  live: LiveViews;
  take: (tracks: readonly Track[], page: Page) => void;
  onHead: (head: LogPosition) => void;
  liveEventsMax: number;
  catchUpEvents: number;
}

/** One page of the log into the live views; true where there was one. */
export function createFollower({
  log,
  live,
  take,
  onHead,
  liveEventsMax,
  catchUpEvents,
}: Follow): () => Promise<boolean> {
  let limit = liveEventsMax;
  return async () => {
    const tracks = [...live.values()].filter(({ paused, held }) => !paused && !held).map(({ track }) => track);
    const after = furthestBehind(tracks);
    if (after === null) return false;
    const events = await log.readAll({ after, limit });
    const full = events.length >= limit;
    limit = full ? catchUpEvents : liveEventsMax;
    const last = events.at(-1);
    if (!last) return false;
    take(tracks, { events, through: last.position });
    if (full) onHead(await log.head());
    return true;
  };
}
