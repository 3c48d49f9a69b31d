import type { EventLog, LogPosition, RecordedEvent } from '../events/event-store.ts';
import { unitsOf } from '../events/pages.ts';

/** A view that is further behind than this is catching up. */
export const CATCHING_UP_EVENTS = 1_000;
/** Events that are counted one by one; how many there are beyond is reckoned by them. */
const COUNTED_EVENTS = 1_000;
/** Where events are long, fewer: every look at a lag would be a heavy read of a log that has much to do as it is. */
const COUNTED_UNITS = 2 * 1_048_576;
const FIRST_PAGE_EVENTS = 16;
const PAGE_GROWS = 4;
const SECOND_MS = 1_000;

export interface LagDeps {
  readonly log: Pick<EventLog, 'head' | 'readAll'>;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

export interface Lag {
  readonly events: number;
  /** The age of the first of them. */
  readonly seconds: number;
  /** Of the log, from there on: positions have holes. */
  readonly positionsPerEvent: number;
  readonly head: LogPosition;
}

/** Where a reader is, and which events it reads; without that, all. */
export interface Place {
  readonly position: LogPosition;
  isOurs?(event: RecordedEvent): boolean;
}

/**
 * How far each place is behind the log. The log itself is asked, not what a topic has brought: a feed that has died would
 * say that all is well. Places that lie near each other are reckoned by the same events, so that the log is not read
 * again for every partition.
 */
export async function lagsBehind<P extends Place>({ log, clock }: LagDeps, places: readonly P[]): Promise<(P & Lag)[]> {
  const head = await log.head();
  let stretch: Stretch | null = null;
  const lags: (P & Lag)[] = [];
  for (const place of [...places].sort((a, b) => a.position - b.position)) {
    if (stretch === null || !reaches(stretch, place.position)) stretch = await read(log, place.position, head);
    lags.push({ ...place, ...reckon(stretch, place, { head, now: clock() }) });
  }
  return lags;
}

/** How far a position is behind the log. */
export async function lagBehind(deps: LagDeps, position: LogPosition): Promise<Lag> {
  const [lag] = await lagsBehind(deps, [{ position }]);
  return lag as Lag;
}

/** What was read of the log to reckon by. */
interface Stretch {
  readonly events: readonly RecordedEvent[];
  readonly after: LogPosition;
  /** The last position that was looked at. */
  readonly through: LogPosition;
  readonly whole: boolean;
}

/** Enough of it lies beyond the position. */
const reaches = ({ after, through, whole }: Stretch, position: LogPosition): boolean =>
  whole || position - after <= (through - after) / 2;

async function read(log: LagDeps['log'], after: LogPosition, until: LogPosition): Promise<Stretch> {
  const events: RecordedEvent[] = [];
  let through = after;
  let units = 0;
  for (let size = FIRST_PAGE_EVENTS; through < until; size *= PAGE_GROWS) {
    const limit = Math.min(size, COUNTED_EVENTS - events.length);
    if (limit === 0 || units >= COUNTED_UNITS) return { events, after, through, whole: false };
    const page = await log.readAll({ after: through, until, limit });
    events.push(...page);
    units += unitsOf(page);
    through = page.length < limit ? until : (page.at(-1)?.position ?? until);
  }
  return { events, after, through, whole: true };
}

function reckon(
  { events, through, whole }: Stretch,
  { position, isOurs = () => true }: Place,
  { head, now }: { head: LogPosition; now: number },
): Lag {
  const beyond = events.filter((event) => event.position > position);
  const ours = beyond.filter(isOurs);
  const counted = Math.max(1, (beyond.at(-1)?.position ?? through) - position);
  const share = whole ? 1 : (head - position) / counted;
  // A reader that stands still says so, though what was read holds nothing of its own.
  const oldest = ours[0] ?? (whole ? undefined : beyond.at(-1));
  return {
    events: Math.round(ours.length * share),
    seconds: oldest ? Math.max(0, (now - oldest.recordedAt) / SECOND_MS) : 0,
    positionsPerEvent: Math.max(1, counted / Math.max(1, beyond.length)),
    head,
  };
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
