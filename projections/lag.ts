import type { EventLog, LogPosition } from '../events/event-store.ts';

/** A view that is further behind than this is catching up. */
export const CATCHING_UP_EVENTS = 1_000;
/** Events that are counted one by one; how many there are beyond is reckoned by them. */
const COUNTED_EVENTS = 1_000;
const SECOND_MS = 1_000;

export interface LagDeps {
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
export async function lagBehind({ log, clock }: LagDeps, position: LogPosition): Promise<Lag> {
  const head = await log.head();
  if (position >= head) return { events: 0, seconds: 0, positionsPerEvent: 1, head };
  const next = await log.readAll({ after: position, until: head, limit: COUNTED_EVENTS });
  const seconds = next[0] ? Math.max(0, (clock() - next[0].recordedAt) / SECOND_MS) : 0;
  const last = next.at(-1)?.position ?? head;
  const positionsPerEvent = Math.max(1, (last - position) / Math.max(1, next.length));
  const events = next.length < COUNTED_EVENTS ? next.length : Math.round((head - position) / positionsPerEvent);
  return { events, seconds, positionsPerEvent, head };
}

/** The same of the embedded log, whose positions have no holes: one event is read. */
export async function lagWithoutHoles(
  { log, clock }: LagDeps,
  position: LogPosition,
): Promise<Pick<Lag, 'events' | 'seconds'>> {
  const head = await log.head();
  const [next] = position < head ? await log.readAll({ after: position, limit: 1 }) : [];
  const seconds = next ? Math.max(0, (clock() - next.recordedAt) / SECOND_MS) : 0;
  return { events: Math.max(0, head - position), seconds };
}
