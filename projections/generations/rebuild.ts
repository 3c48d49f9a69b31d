import type { EventLog, LogPosition } from '../../events/event-store.ts';
import { lagBehind } from '../lag.ts';
import { type CheckpointState, type Checkpoints, groupName } from '../partitions/ports.ts';
import { pause } from '../pause.ts';
import { Cancelled, type Driven, FailedWith, type JobWork } from './driver.ts';
import { createGoalMeter } from './meter.ts';
import type { Comparison, Generations, Job, JobPhase, Places, Target } from './ports.ts';

const LOOK_EVERY_MS = 250;
/** Live views that are further behind than this come first. */
const YIELD_OVER_S = 1;
/** They come first for so long at a time, then the new generation has its turn: where they are always late it ends too. */
const YIELD_MAX_MS = 10_000;
const TURN_MS = 5_000;
/** What comes to where the live one is within so long follows as that does. */
const FOLLOWS_WITHIN_MS = 5_000;
/** Whoever reads the views looks so often that by then everybody waits for the new generation too. */
export const READERS_KNOW_MS = 3_000;
/** A generation that does not follow for so long, while readers wait for it, has to catch up again. */
const COUNTED_MAX_MS = 20_000;

export interface RebuildDeps {
  readonly log: EventLog;
  readonly checkpoints: Checkpoints;
  readonly generations: Generations;
  readonly places: Places;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  verify(driven: Driven, targets: readonly Target[]): Promise<Comparison>;
}

const PHASES: readonly JobPhase[] = ['building', 'catching-up', 'verifying', 'switching'];
const isPast = ({ phase }: Job, than: JobPhase): boolean =>
  phase !== null && PHASES.indexOf(phase) > PHASES.indexOf(than);

/**
 * Fills a new generation beside the live one, compares it with the log, and lets readers change over to it. Everything it
 * does may be done again: whoever goes on with it begins at the phase that it was in.
 */
export const rebuildWork =
  (deps: RebuildDeps): JobWork =>
  async (driven) => {
    const { job, lease } = driven;
    const targets = job.asked.targets ?? [];
    for (const target of targets) await deps.places.prepare(target);
    await deps.generations.ready(lease, targets);
    const goal = job.goal ?? (await deps.log.head());
    if (!isPast(job, 'building')) {
      await driven.enter({ phase: 'building', goal });
      await filled(deps, driven, { targets, goal, yields: createYields() });
      await deps.generations.yield(targets, false);
    }
    if (!isPast(job, 'catching-up')) {
      await driven.enter({ phase: 'catching-up' });
      await follows(deps, driven, targets);
    }
    let result = job.result;
    if (!isPast(job, 'verifying')) {
      await driven.enter({ phase: 'verifying' });
      result = await deps.verify(driven, targets);
      const found = result.differencesFound;
      if (found > 0) throw new FailedWith(`${found} differences: nothing was switched`, result);
    }
    await driven.enter({ phase: 'switching', result });
    await readersReady(deps, driven, targets);
    if (!(await deps.generations.switchOver(lease, targets, { state: 'done', result }))) throw new Cancelled();
    return null;
  };

interface Filling {
  readonly targets: readonly Target[];
  readonly goal: LogPosition;
  /** Whether it is the live ones' turn, as they are so many seconds behind; left out where it never is. */
  readonly yields?: (lagS: number) => boolean;
}

/** Until they hold what the log held; the live views come first. */
async function filled(deps: RebuildDeps, driven: Driven, { targets, goal, yields }: Filling): Promise<void> {
  const meter = createGoalMeter(deps);
  for (;;) {
    const states = await statesOf(deps, targets);
    if (leastOf(states) >= goal) return;
    driven.tell(
      await meter(
        states.map(({ position }) => position),
        goal,
      ),
    );
    if (yields) await deps.generations.yield(targets, yields(await liveLagS(deps, targets)));
    await rest(driven);
  }
}

/** Until it is where the live one was a moment ago: the log's own end may be too far for both. */
async function follows(deps: RebuildDeps, driven: Driven, targets: readonly Target[]): Promise<void> {
  for (;;) {
    const live = await liveStates(deps, targets);
    const began = performance.now();
    await filled(deps, driven, { targets, goal: Math.max(0, ...live.map(({ position }) => position)) });
    if (performance.now() - began <= FOLLOWS_WITHIN_MS) return;
  }
}

async function liveStates(
  { checkpoints, generations }: Pick<RebuildDeps, 'checkpoints' | 'generations'>,
  targets: readonly Target[],
): Promise<CheckpointState[]> {
  const live = (await generations.list()).filter(
    ({ state, group }) => state === 'live' && targets.some((target) => target.group === group),
  );
  return checkpoints.list(live.map(({ group, generation }) => groupName(group, generation)));
}

/** What is paused waits for nobody. */
async function liveLagS(deps: RebuildDeps, targets: readonly Target[]): Promise<number> {
  const states = await liveStates(deps, targets);
  if (states.some(({ paused }) => paused)) return 0;
  return (await lagBehind(deps, leastOf(states))).seconds;
}

function createYields(): (lagS: number) => boolean {
  let since: number | null = null;
  let turnUntil = 0;
  return (lagS) => {
    const now = performance.now();
    if (lagS <= YIELD_OVER_S || now < turnUntil) {
      since = null;
      return false;
    }
    since ??= now;
    if (now - since < YIELD_MAX_MS) return true;
    turnUntil = now + TURN_MS;
    since = null;
    return false;
  };
}

/**
 * From when everybody waits for the new generation too, until it holds whatever anybody was told that the live one held
 * before: nobody's views go back.
 */
export async function readersReady(
  deps: Pick<RebuildDeps, 'checkpoints' | 'generations'>,
  driven: Pick<Driven, 'signal'>,
  targets: readonly Target[],
): Promise<void> {
  const { generations } = deps;
  for (;;) {
    await generations.count(targets, true);
    await rest(driven, READERS_KNOW_MS);
    const told = await liveStates(deps, targets);
    const goal = Math.max(0, ...told.map(({ position }) => position));
    for (const until = performance.now() + COUNTED_MAX_MS; performance.now() < until; await rest(driven)) {
      if (leastOf(await statesOf(deps, targets)) >= goal) return;
    }
    await generations.count(targets, false);
    await rest(driven, COUNTED_MAX_MS);
  }
}

const statesOf = (
  { checkpoints }: Pick<RebuildDeps, 'checkpoints'>,
  targets: readonly Target[],
): Promise<CheckpointState[]> => checkpoints.list(targets.map(({ group, generation }) => groupName(group, generation)));

const leastOf = (states: readonly CheckpointState[]): LogPosition =>
  states.length === 0 ? 0 : Math.min(...states.map(({ position }) => position));

async function rest({ signal }: Pick<Driven, 'signal'>, ms = LOOK_EVERY_MS): Promise<void> {
  await pause(ms, signal);
  signal.throwIfAborted();
}
