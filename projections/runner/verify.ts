import { fill } from './apply.ts';
import type { JobDeps, JobWork } from './job.ts';
import { ONE_TERM } from './lot.ts';
import type { Comparison, PinnedViews, ViewName } from './ports.ts';
import { createTrack, type Track } from './tracks.ts';

/** Folding the log is the greater part of the work, comparing the rest. */
const FOLD_SHARE = 0.8;

/** Folds the log into an empty database up to exactly where the live views stand, and compares the two row by row. */
export function verifyWork(deps: JobDeps, views: readonly ViewName[]): JobWork {
  const total: Comparison = { rows: 0, sample: 1, differencesFound: 0, differences: [], skipped: [], parked: [] };
  const waiting = [...views];
  let pinned: PinnedViews | null = null;
  let view: { name: ViewName; track: Track; until: number; compare: Generator<number, Comparison> | null } | null =
    null;
  let progress = 0;

  async function step(): Promise<boolean> {
    pinned ??= await deps.store.pin();
    if (!view) {
      const name = waiting.shift();
      if (name === undefined) return true;
      const { scratch } = pinned;
      const { leftOut } = deps;
      const parked = pinned.parked().filter(({ group }) => group === name);
      total.parked?.push(...parked);
      total.skipped?.push(...leftOut.of(name));
      // What the view does not hold is not missing: it is listed.
      for (const event of parked) scratch.parking.park(event, ONE_TERM);
      const track = createTrack(scratch, { view: name, generation: 'live', position: 0, leftOut });
      view = { name, track, until: pinned.position(name), compare: null };
    }
    const { name, track, until } = view;
    if (track.position < until) {
      const { log, stepEvents } = deps;
      const unheard = { onUnknown: () => undefined, onParked: () => undefined };
      if (await fill(pinned.scratch, { log, tracks: [track], until, stepEvents, ...unheard })) track.position = until;
      progress = FOLD_SHARE * (track.position / until);
      return false;
    }
    view.compare ??= pinned.compare(name);
    const slice = view.compare.next();
    if (!slice.done) {
      progress = FOLD_SHARE + (1 - FOLD_SHARE) * (slice.value / Math.max(1, pinned.rows(name)));
      return false;
    }
    total.rows += slice.value.rows;
    total.differencesFound += slice.value.differencesFound;
    total.differences.push(...slice.value.differences);
    view = null;
    progress = 0;
    return waiting.length === 0;
  }

  return {
    step,
    progress: () => Math.min(1, (views.length - waiting.length - (view ? 1 : 0) + progress) / views.length),
    end: async () => pinned?.close(),
    result: () => total,
  };
}
