import { fill } from './apply.ts';
import { COMPARE_SHARE, createGrade, type Grade } from './grade.ts';
import { Differs, type JobDeps, type JobWork, type Step, stepEventsOf } from './job.ts';
import { type Live, loadTrack, switchTracks } from './live.ts';
import type { StoredJob } from './ports.ts';
import { furthestBehind, type Track } from './tracks.ts';

/** So many steps of a rebuild in one, each page of a table being written the less often. */
const FIRST_BUILD_STEPS = 10;

interface Building {
  readonly deps: JobDeps;
  readonly job: StoredJob;
  readonly tracks: readonly Track[];
  readonly lives: readonly Live[];
  readonly grade: Grade;
  head: number;
}

/**
 * Fills fresh tables from the log while the live ones go on being read and fed, feeds them beside these from when they
 * have caught up, grades them, and points readers to them in one transaction. Views that hold nothing yet wait for it
 * instead, and are not graded: nobody has read them, and `verify` is there.
 */
export function rebuildWork(deps: JobDeps, job: StoredJob): JobWork {
  const { store, live } = deps;
  const generations = job.views.map((view) => ({ view, building: store.generations(view).building }));
  if (job.phase === 'switching' && generations.every(({ building }) => building === null)) return switched(job);
  const tracks = generations.map(({ view, building }) => {
    if (building === null) throw new Error(`no generation of ${view} is being built`);
    return loadTrack(deps, view, building);
  });
  const lives = job.views.map((view) => live.get(view)).filter((entry) => entry !== undefined);
  const grade = createGrade(deps, { name: job.jobId, graded: tracks, how: job.how });
  const building: Building = { deps, job, tracks, lives, grade, head: 0 };
  // Beside live views nothing is put off: what is put off comes in one go, and commits of the log wait for the disk.
  if (job.first) store.bulk(true);

  return {
    step: () => stepOf(building),
    units: () => unitsOf(building),
    position: () => Math.min(...tracks.map(({ position }) => position)),
    result: () => (job.first ? null : grade.result()),
    async end(how) {
      for (const entry of lives) {
        entry.held = false;
        entry.building = null;
      }
      await grade.end({ keep: how === 'stopped' });
      if (job.first) store.bulk(false);
    },
  };
}

/** An earlier run has switched, and not told of it. */
const switched = ({ result }: StoredJob): JobWork => ({
  step: async () => ({ done: true, events: 0 }),
  units: () => ({ done: 1, total: 1 }),
  position: () => null,
  result: () => result,
  end: async () => undefined,
});

function stepOf(building: Building): Promise<Step> {
  const { phase } = building.job;
  if (phase === 'verifying') return verifyOn(building);
  if (phase === 'switching') return switchOver(building);
  return buildOn(building);
}

async function buildOn(building: Building): Promise<Step> {
  const { deps, job, tracks } = building;
  const { log, store, onUnknown, onParked } = deps;
  building.head = await log.head();
  const from = furthestBehind(tracks) ?? building.head;
  const all = await fill(store, { log, tracks, stepEvents: stepEvents(building), onUnknown, onParked });
  const events = (furthestBehind(tracks) ?? building.head) - from;
  if (!all) return { done: false, events };
  if (job.phase === 'building') {
    for (const { view, generation } of tracks) if (store.index(view, generation)) return { done: false, events };
    enter(building, 'catching-up');
    return { done: false, events };
  }
  if (!caughtUp(building)) return { done: false, events };
  if (job.first) return promote(building);
  join(building);
  enter(building, 'verifying');
  return { done: false, events };
}

function stepEvents({ deps, job }: Building): number {
  // While readers wait for the first build there is nothing live to make room for.
  if (job.first) return FIRST_BUILD_STEPS * deps.stepEvents;
  return stepEventsOf(deps, job.how);
}

/** Readers never go back: what takes over holds at least what they have seen. */
const caughtUp = ({ tracks, deps: { live } }: Building): boolean =>
  tracks.every(({ view, position }) => position >= (live.get(view)?.track.position ?? 0));

/** From now on they are fed in the live views' own transactions. */
function join({ tracks, deps: { live } }: Building): void {
  for (const track of tracks) {
    const entry = live.get(track.view);
    if (entry) entry.building = track;
  }
}

function enter({ deps: { store }, job }: Building, phase: StoredJob['phase']): void {
  job.phase = phase;
  store.saveJob(job);
}

async function verifyOn(building: Building): Promise<Step> {
  const { grade } = building;
  join(building);
  const step = await grade.step();
  if (!step.done) return step;
  assertEqual(grade);
  enter(building, 'switching');
  return { done: false, events: step.events };
}

/** The last look and the switch are one step: nothing is written in between. */
async function switchOver(building: Building): Promise<Step> {
  const { grade, job } = building;
  if (grade.units().done === 0) {
    // A later run: what an earlier one has found is not known any more.
    enter(building, 'verifying');
    return { done: false, events: 0 };
  }
  if (!caughtUp(building)) return { done: false, events: 0 };
  const settled = await grade.settle();
  assertEqual(grade);
  if (!settled) return { done: false, events: 0 };
  job.result = grade.result();
  return promote(building);
}

function assertEqual(grade: Grade): void {
  const result = grade.result();
  if (result.differencesFound > 0) throw new Differs(result);
}

function promote({ deps, job, tracks }: Building): Step {
  const { store, live, report, onPromoted } = deps;
  job.phase = 'switching';
  store.transaction(() => {
    for (const { view } of tracks) {
      store.promote(view);
      if (job.first) store.drop(view);
    }
    store.saveJob(job);
  });
  for (const track of tracks) {
    const entry = live.get(track.view);
    if (entry) switchTracks(deps, track.view, entry);
  }
  report({ kind: 'rebuilt', views: job.views, position: Math.min(...tracks.map(({ position }) => position)) });
  onPromoted();
  return { done: true, events: 0 };
}

/** Building is half of it, and grading the other. */
function unitsOf({ job, tracks, head, grade }: Building): { done: number; total: number } {
  const built = Math.min(head, furthestBehind(tracks) ?? head);
  if (job.first) return { done: built, total: head };
  const graded = grade.units();
  // What is still to be graded is not known before: as much as there is of the log.
  const ahead = graded.total > 1 ? graded : { done: 0, total: head * (1 + COMPARE_SHARE) };
  return { done: built + ahead.done, total: head + ahead.total };
}
