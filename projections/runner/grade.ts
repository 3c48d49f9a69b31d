import type { LogPosition } from '../../events/event-store.ts';
import { pagesOfLog } from '../../events/pages.ts';
import type { Parked } from '../parking/ports.ts';
import { createSubjects } from '../subjects.ts';
import { fill } from './apply.ts';
import { type JobDeps, type Step, stepEventsOf } from './job.ts';
import { ONE_TERM } from './lot.ts';
import type { Limits } from './pace.ts';
import {
  type Compared,
  type Comparison,
  type Generation,
  type Grading,
  type Picked,
  type Pinned,
  parkingGroup,
  type ViewName,
} from './ports.ts';
import { isPicked, pickedOf, sampled } from './sample.ts';
import { createTrack, type Track } from './tracks.ts';

/** Comparing all rows is as much work as folding so much of the log. */
export const COMPARE_SHARE = 0.25;

/** Which generation of which view is graded. */
export interface Graded {
  readonly view: ViewName;
  readonly generation: Generation;
}

/** A generation of views against a fold of the log, row by row. */
export interface Grade {
  step(): Promise<Step>;
  /**
   * After the last step: looks again at what has changed since, all of it at once, however much: where more comes all
   * the while there would be no end. True when that is done: the views are as they were graded until somebody writes
   * to them. False: it is graded anew.
   */
  settle(): Promise<boolean>;
  units(): { done: number; total: number };
  result(): Comparison;
  end(how: { keep: boolean }): Promise<void>;
}

interface Side extends Graded {
  readonly track: Track;
}

interface State {
  grading: Grading;
  sides: readonly Side[];
  how: Limits;
  picked: Picked | null;
  pinned: Pinned | null;
  comparing: { sides: Side[]; now: Generator<number, Compared> | null; passed: number; seen: number; rows: number };
  result: Comparison;
  /** Where each view stood when it was compared. */
  looked: Map<ViewName, LogPosition>;
}

export interface GradeOptions {
  readonly name: string;
  readonly graded: readonly Graded[];
  readonly how: Limits & { sample?: number };
}

export function createGrade(deps: JobDeps, options: GradeOptions): Grade {
  const { sample = 1 } = options.how;
  const units = { done: 0, total: 1 };
  let state: State | null = null;

  async function step(): Promise<Step> {
    state ??= await open(deps, options);
    const events = state.pinned ? 0 : await foldOn(deps, state, (side) => standsAt(deps, side));
    Object.assign(units, unitsOf(deps, state));
    if (events > 0) return { done: false, events };
    if (!state.pinned) {
      await look(deps, state);
      if (!isParkedAlike(state)) await beginAnew();
      return { done: false, events: 0 };
    }
    const done = compareOn(state);
    Object.assign(units, unitsOf(deps, state));
    if (done) letGo(state);
    return { done, events: 0 };
  }

  /** Something was let go on, or stopped, while it was folded: what is compared must be folded with the same. */
  async function beginAnew(): Promise<void> {
    await end({ keep: false });
    units.done = 0;
  }

  async function settle(): Promise<boolean> {
    if (!state) throw new Error('nothing has been graded yet');
    const { looked, sides } = state;
    const from = Math.min(...looked.values());
    const to = Math.max(...sides.map((side) => standsAt(deps, side)));
    if (sides.every((side) => looked.get(side.view) === standsAt(deps, side))) return true;
    if (await lookAgain(deps, state, { from, to })) return true;
    await beginAnew();
    return false;
  }

  async function end(how: { keep: boolean }): Promise<void> {
    if (!state) return;
    letGo(state);
    await state.grading.close(how);
    state = null;
  }

  return {
    step,
    settle,
    units: () => ({ ...units }),
    result: () => state?.result ?? { rows: 0, sample, differencesFound: 0, differences: [] },
    end,
  };
}

async function open(deps: JobDeps, { name, graded, how }: GradeOptions): Promise<State> {
  const { sample = 1 } = how;
  const grading = await deps.store.grading(name);
  const { leftOut } = deps;
  const parked = graded.flatMap((one) => parkedOf(deps, one).map((event) => ({ ...event, group: one.view })));
  // What the view does not hold is not missing: it is listed.
  for (const event of parked) grading.store.parking.park(event, ONE_TERM);
  const sides = graded.map(({ view, generation }) => {
    const place = { view, generation: grading.generation, position: grading.position(view), leftOut, group: view };
    return { view, generation, track: createTrack(grading.store, place) };
  });
  return {
    grading,
    sides,
    how,
    picked: sampled(sample),
    pinned: null,
    comparing: { sides: [...sides], now: null, passed: 0, seen: 0, rows: 0 },
    result: {
      rows: 0,
      sample,
      differencesFound: 0,
      differences: [],
      skipped: graded.flatMap(({ view }) => leftOut.of(view)),
      parked,
    },
    looked: new Map(),
  };
}

function unitsOf(deps: JobDeps, { sides, comparing, pinned }: State): { done: number; total: number } {
  const until = Math.max(1, ...sides.map((side) => standsAt(deps, side)));
  const compared = comparing.rows === 0 ? 0 : Math.min(1, comparing.seen / comparing.rows);
  const folded = Math.min(...sides.map(({ track }) => track.position));
  return { done: pinned ? until * (1 + COMPARE_SHARE * compared) : folded, total: until * (1 + COMPARE_SHARE) };
}

function parkedOf({ store }: JobDeps, { view, generation }: Graded): Parked[] {
  const group = parkingGroup(view, generation, store.generations(view));
  return store.parking.list().filter((event) => event.group === group);
}

/** Where the graded generation stands; it is there as long as it is graded. */
function standsAt({ store }: JobDeps, { view, generation }: Graded): LogPosition {
  const found = store.state(view, generation);
  if (!found) throw new Error(`generation ${generation} of ${view} is not there any more`);
  return found.position;
}

/** Folds a step of the log into what is not there yet; 0 where all is. Never past where the views stand. */
async function foldOn(
  deps: JobDeps,
  { grading, sides, how, picked }: State,
  untilOf: (side: Side) => LogPosition,
): Promise<number> {
  const behind = sides.filter((side) => side.track.position < untilOf(side));
  if (behind.length === 0) return 0;
  const until = Math.min(...behind.map(untilOf));
  const tracks = behind.map(({ track }) => track);
  const from = Math.min(...tracks.map(({ position }) => position));
  grading.learnKeys();
  const unheard = { onUnknown: () => undefined, onParked: () => undefined };
  const wants = picked && ((subject: Parameters<typeof isPicked>[1]) => isPicked(picked, subject));
  const all = await fill(grading.store, {
    log: deps.log,
    tracks,
    until,
    stepEvents: stepEventsOf(deps, how),
    ...unheard,
    ...(wants && { wants }),
  });
  if (all) for (const track of tracks) track.position = Math.max(track.position, until);
  return Math.max(1, Math.min(...tracks.map(({ position }) => position)) - from);
}

/** Holds the views as they stand now, and folds what is missing up to there. */
async function look(deps: JobDeps, state: State): Promise<Pinned> {
  const pinned = await state.grading.pin();
  state.pinned = pinned;
  const heldAt = ({ view, generation }: Side): LogPosition => pinned.position(view, generation);
  while ((await foldOn(deps, state, heldAt)) > 0);
  for (const side of state.sides) state.looked.set(side.view, heldAt(side));
  state.comparing.rows = state.sides.reduce((sum, { view, generation }) => sum + pinned.rows(view, generation), 0);
  return pinned;
}

function letGo(state: State): void {
  state.pinned?.close();
  state.pinned = null;
}

/** A slice of rows; true when all are compared. */
function compareOn({ pinned, comparing, picked, result }: State): boolean {
  const [side] = comparing.sides;
  if (!side || !pinned) return true;
  comparing.now ??= pinned.compare(side.view, side.generation, picked);
  const slice = comparing.now.next();
  if (!slice.done) {
    comparing.seen = comparing.passed + slice.value;
    return false;
  }
  addTo(result, slice.value);
  comparing.passed += pinned.rows(side.view, side.generation);
  comparing.sides.shift();
  comparing.now = null;
  return comparing.sides.length === 0;
}

function addTo(result: Comparison, { rows, differencesFound, differences }: Compared): void {
  result.rows += rows;
  result.differencesFound += differencesFound;
  result.differences.push(...differences);
}

/** Compares what events between two places were about, as it stands now; false where what is parked has changed. */
async function lookAgain(
  deps: JobDeps,
  state: State,
  between: { from: LogPosition; to: LogPosition },
): Promise<boolean> {
  const touched = await touchedBy(deps, state.picked, between);
  const pinned = await look(deps, state);
  if (!isParkedAlike(state)) return false;
  for (const { view, generation } of state.sides) {
    const slices = pinned.compare(view, generation, touched);
    for (let slice = slices.next(); ; slice = slices.next()) {
      if (!slice.done) continue;
      addTo(state.result, slice.value);
      break;
    }
  }
  letGo(state);
  return true;
}

/** Whether the fold has stopped where the graded views have. */
function isParkedAlike({ pinned, grading, sides }: State): boolean {
  const places = (parked: readonly Parked[]): string =>
    parked
      .map(({ key, position }) => `${key} ${position}`)
      .sort()
      .join();
  const folded = grading.store.parking.list();
  return sides.every(
    ({ view, generation }) =>
      places(pinned?.parked(view, generation) ?? []) === places(folded.filter(({ group }) => group === view)),
  );
}

async function touchedBy(
  { log }: JobDeps,
  picked: Picked | null,
  { from, to }: { from: LogPosition; to: LogPosition },
): Promise<Picked> {
  const chats = new Set<string>();
  const users = new Set<string>();
  const subjectOf = createSubjects();
  for await (const page of pagesOfLog(log, { after: from, until: to })) {
    for (const { stream } of page) {
      const subject = subjectOf(stream);
      if (subject === null || !isPicked(picked, subject)) continue;
      if (subject.chatId === '') users.add(subject.userId);
      else chats.add(subject.chatId);
    }
  }
  return pickedOf(chats, users);
}
