import type { LogPosition } from '../../events/event-store.ts';
import { fill } from './apply.ts';
import type { JobDeps, JobWork } from './job.ts';
import type { ViewName } from './ports.ts';
import { createTrack, furthestBehind, type Track } from './tracks.ts';

/** So many steps of a rebuild in one, each page of a table being written the less often. */
const FIRST_BUILD_STEPS = 10;

/**
 * Fills fresh tables from the log while the live ones go on being read and fed, then takes their place in one
 * transaction. Views that hold nothing yet wait for it instead.
 */
export function rebuildWork(
  deps: JobDeps,
  { views, how }: { views: readonly ViewName[]; how: 'afresh' | 'resume' },
): JobWork {
  const { log, store, live } = deps;
  if (how === 'afresh') store.createNext(views);
  const tracks = views.map((view) => nextTrack(deps, view));
  const lives = views.map((view) => live.get(view)).filter((entry) => entry !== undefined);
  store.bulk(true);
  const toIndex = [...views];
  let head: LogPosition = 0;
  let filled = false;

  async function step(): Promise<boolean> {
    const indexing = filled ? toIndex[0] : undefined;
    if (indexing) {
      store.indexNext(indexing);
      toIndex.shift();
      return false;
    }
    head = await log.head();
    // While readers wait for the first build there is nothing live to make room for.
    const stepEvents = lives.every(({ held }) => held) ? FIRST_BUILD_STEPS * deps.stepEvents : deps.stepEvents;
    const { onUnknown, onParked } = deps;
    if (!(await fill(store, { log, tracks, stepEvents, onUnknown, onParked }))) return false;
    filled = true;
    if (toIndex.length > 0 || !caughtUp(tracks, deps)) return false;
    promote(deps, views, tracks);
    return true;
  }

  return {
    step,
    progress: () => (head === 0 ? 0 : Math.min(1, (furthestBehind(tracks) ?? head) / head)),
    async end(how) {
      for (const entry of lives) entry.held = false;
      if (how === 'failed') store.dropNext(views);
      store.bulk(false);
    },
    result: () => null,
  };
}

function nextTrack({ store, leftOut }: JobDeps, view: ViewName): Track {
  const position = store.state(view, 'next')?.position ?? 0;
  return createTrack(store, { view, generation: 'next', position, leftOut });
}

/** Readers never go back: what takes over holds at least what they have seen. */
const caughtUp = (tracks: readonly Track[], { live }: JobDeps): boolean =>
  tracks.every(({ view, position }) => position >= (live.get(view)?.track.position ?? 0));

function promote(
  { store, live, report, onPromoted }: JobDeps,
  views: readonly ViewName[],
  tracks: readonly Track[],
): void {
  store.promote(views);
  let position = 0;
  for (const track of tracks) {
    const entry = live.get(track.view);
    if (!entry) continue;
    position = track.position;
    entry.track.projection.reset();
    entry.track.position = position;
    entry.track.lot.reset();
  }
  report({ kind: 'rebuilt', views, position });
  onPromoted();
}
