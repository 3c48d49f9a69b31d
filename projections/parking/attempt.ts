import type { EventLog, LogPosition, RecordedEvent } from '../../events/event-store.ts';
import { partitionKeyOf } from '../../events/partition.ts';
import { parkedEvent } from './places.ts';
import type { Parked, ParkedAgain } from './ports.ts';

/** So many events of the log are looked through at once for those that wait. */
const PAGE_EVENTS = 1_000;

/** What waits behind a parked event, on its way into the view. */
export interface Attempt {
  readonly parked: Parked;
  /** Everything through here has been looked through. */
  after: LogPosition;
  /** Events of the key so far. */
  taken: number;
}

export type Taken = { outcome: 'done' } | { outcome: 'poison'; event: RecordedEvent; error: unknown };

/** The view that they go into. It may be told of an event again that it holds: then it drops that. */
export interface AttemptOn {
  readonly log: Pick<EventLog, 'readAll'>;
  /** Where the view is: what comes later does not wait. */
  readonly through: LogPosition;
  /** All of them or none. `last`: with them the key waits no more. */
  take(events: readonly RecordedEvent[], last: boolean): Promise<Taken>;
  again(again: ParkedAgain): Promise<void>;
}

export const newAttempt = (parked: Parked): Attempt => ({ parked, after: parked.position - 1, taken: 0 });

/** A page further. After a crash the next attempt begins anew, and the view drops what it holds. */
export async function goOn(attempt: Attempt, on: AttemptOn): Promise<'more' | 'released' | 'parked'> {
  const { parked } = attempt;
  const page = await on.log.readAll({ after: attempt.after, until: on.through, limit: PAGE_EVENTS });
  const last = page.length < PAGE_EVENTS;
  const own = page.filter(({ stream }) => partitionKeyOf(stream) === parked.key);
  const taken = await on.take(own, last);
  if (taken.outcome === 'poison') {
    const index = own.indexOf(taken.event);
    if (index > 0) await on.take(own.slice(0, index), false);
    const { group, partition, asked } = parked;
    const event = parkedEvent(taken.event, { group, partition, error: taken.error });
    await on.again({ event, taken: attempt.taken + index, attempt: asked });
    return 'parked';
  }
  attempt.taken += own.length;
  attempt.after = page.at(-1)?.position ?? attempt.after;
  return last ? 'released' : 'more';
}
