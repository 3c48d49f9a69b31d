import type { LogPosition } from '../../events/event-store.ts';
import { type LagDeps, lagBehind } from '../lag.ts';
import type { JobTold } from './ports.ts';

/** The pace is that of so long before now. */
const RECENT_MS = 10_000;
const SECOND_MS = 1_000;

type Meter = (positions: readonly LogPosition[], goal: LogPosition) => Promise<JobTold>;

/** What to say of work whose size is known, by how long it has taken since the first time that this was asked. */
export function createWorkMeter(clock: () => number): (progress: number) => JobTold {
  let first: { at: number; progress: number } | null = null;
  return (progress) => {
    const at = clock();
    first ??= { at, progress };
    const perMs = (progress - first.progress) / Math.max(1, at - first.at);
    return { progress, etaS: perMs > 0 ? Math.ceil((1 - progress) / perMs / SECOND_MS) : null };
  };
}

/** What to say of partitions on their way to a goal: an estimate by how far they have come of late. */
export function createGoalMeter(deps: LagDeps): Meter {
  const recent: { at: number; mean: LogPosition }[] = [];
  return async (positions, goal) => {
    const mean = positions.reduce((sum, position) => sum + position, 0) / Math.max(1, positions.length);
    const at = deps.clock();
    recent.push({ at, mean });
    while (recent.length > 1 && at - (recent[0]?.at ?? at) > RECENT_MS) recent.shift();
    const lag = await lagBehind(deps, Math.min(...positions, goal));
    const first = recent[0] ?? { at, mean };
    const elapsedS = (at - first.at) / SECOND_MS;
    const perSecond = elapsedS > 0 ? (mean - first.mean) / elapsedS : 0;
    return {
      progress: goal === 0 ? 1 : Math.min(1, mean / goal),
      etaS: perSecond > 0 ? Math.ceil(Math.max(0, goal - mean) / perSecond) : null,
      eventsPerSecond: elapsedS > 0 ? Math.round(perSecond / lag.positionsPerEvent) : null,
      lagEvents: lag.events,
      lagSeconds: lag.seconds,
    };
  };
}
