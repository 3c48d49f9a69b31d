import type { EventLog, RecordedEvent } from '../../events/event-store.ts';
import { type Attempt, goOn, newAttempt, type Taken } from '../parking/attempt.ts';
import type { LeftOut } from '../parking/left-out.ts';
import type { Parked, ParkingNow } from '../parking/ports.ts';
import { applyEvents } from './apply.ts';
import type { Live, LiveViews } from './live.ts';
import { ONE_PARTITION, ONE_TERM } from './lot.ts';
import type { ViewsStore } from './ports.ts';
import type { Report } from './report.ts';

/** Lets go on what an operator has asked for, a page at a time, so that live events come first. */
export interface ParkedWork {
  /** True where there was something to do. */
  turn(): Promise<boolean>;
  /** Another generation is read: the next turn asks for what is parked there for the sake of an event that is left out. */
  promoted(): void;
  readonly parking: Pick<ParkingNow, 'list' | 'ask'>;
}

interface Deps {
  readonly log: EventLog;
  readonly store: ViewsStore;
  readonly live: LiveViews;
  readonly leftOut: LeftOut;
  readonly report: (report: Report) => void;
  readonly wake: () => void;
}

export function createParkedWork(deps: Deps): ParkedWork {
  const { log, store, live, leftOut, wake } = deps;
  const { parking } = store;
  let due = true;
  let current: { attempt: Attempt; entry: Live } | null = null;

  const isLive = ({ group }: { group: string }): boolean =>
    [...live.values()].some(({ track }) => track.lot.group === group);
  const list = (): Parked[] => parking.list().filter(isLive);

  async function next(): Promise<typeof current> {
    for (const entry of live.values()) {
      const { track, paused, held } = entry;
      if (track.lot.quiet || paused || held) continue;
      const [parked] = parking.asked(track.lot.group, ONE_PARTITION);
      if (!parked) continue;
      await leftOut.load(log);
      return { attempt: newAttempt(parked), entry };
    }
    return null;
  }

  async function look(): Promise<void> {
    due = false;
    await leftOut.load(log);
    for (const parked of list()) {
      if (leftOut.has(parked.group, parked) && parked.asked === parked.tried) parking.ask(parked.group, parked.key);
    }
  }

  async function turn(): Promise<boolean> {
    if (due) await look();
    current = current && isAsked(parking, current.attempt.parked) ? current : await next();
    if (!current) return false;
    const { attempt, entry } = current;
    const { track } = entry;
    const outcome = await goOn(attempt, {
      log,
      through: track.position,
      take: async (events, last) => take(deps, { entry, parked: attempt.parked, events, last }),
      again: async (again) => parking.again(again, ONE_TERM),
    });
    if (outcome === 'more') return true;
    current = null;
    track.lot.reset();
    if (outcome === 'released') deps.report({ kind: 'released', ...attempt.parked });
    return true;
  }

  return {
    turn,
    promoted() {
      due = true;
    },
    parking: {
      list,
      ask(group, key) {
        const attempt = parking.ask(group, key);
        wake();
        return attempt;
      },
    },
  };
}

/** It may have been rebuilt away meanwhile. */
const isAsked = (parking: ParkingNow, { group, partition, key, position }: Parked): boolean =>
  parking.asked(group, partition).some((parked) => parked.key === key && parked.position === position);

interface Taking {
  readonly entry: Live;
  readonly parked: Parked;
  readonly events: readonly RecordedEvent[];
  readonly last: boolean;
}

/** The rows, and that nothing waits any more, in one transaction. */
function take({ store, leftOut }: Deps, { entry: { track }, parked, events, last }: Taking): Taken {
  return applyEvents(store, {
    track,
    events,
    isLeftOut: (event) => leftOut.has(track.view, event),
    also() {
      // As with every other write: where somebody else has moved the checkpoint, no row is of use.
      store.move(track.view, track.generation, { from: track.position, to: track.position });
      if (last) store.parking.release(parked, ONE_TERM);
    },
  });
}
