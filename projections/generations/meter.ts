import type { EventLog, LogPosition } from '../../events/event-store.ts';
import type { JobTold } from './ports.ts';

/** The pace is that of so long before now. */
const RECENT_MS = 10_000;
/** Events that are counted one by one; how many there are beyond is reckoned by them. */
const COUNTED_EVENTS = 1_000;
const SECOND_MS = 1_000;

export interface MeterDeps {
  readonly log: Pick<EventLog, 'head' | 'readAll'>;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

export interface Lag {
  readonly events: number;
  readonly seconds: number;
  /** Of the log, from there on: positions have holes. */
  readonly positionsPerEvent: number;
  readonly head: LogPosition;
}

/** How far a position is behind the log. */
export async function lagBehind({ log, clock }: MeterDeps, position: LogPosition): Promise<Lag> {
  const head = await log.head();
  if (position >= head) return { events: 0, seconds: 0, positionsPerEvent: 1, head };
  const next = await log.readAll({ after: position, until: head, limit: COUNTED_EVENTS });
  const seconds = next[0] ? Math.max(0, (clock() - next[0].recordedAt) / SECOND_MS) : 0;
  const last = next.at(-1)?.position ?? head;
  const positionsPerEvent = Math.max(1, (last - position) / Math.max(1, next.length));
  const events = next.length < COUNTED_EVENTS ? next.length : Math.round((head - position) / positionsPerEvent);
  return { events, seconds, positionsPerEvent, head };
}

type Meter = (positions: readonly LogPosition[], goal: LogPosition) => Promise<JobTold>;

/** What to say of partitions on their way to a goal: an estimate by how far they have come of late. */
export function createMeter(deps: MeterDeps): Meter {
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
