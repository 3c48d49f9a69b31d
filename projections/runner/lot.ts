import type { LogPosition } from '../../events/event-store.ts';
import type { LeftOut } from '../parking/left-out.ts';
import { parkedEvent, placeIn } from '../parking/places.ts';
import type { ParkedEvent, ParkingNow } from '../parking/ports.ts';
import type { EventPlace } from '../projection.ts';

/** Embedded there is one partition, and whoever has the store has it for ever. */
export const ONE_PARTITION = 0;
export const ONE_TERM = 0;

/**
 * What a view does not take: an event that it could not take, and behind that all of the same chat (or user). What is
 * parked is written with the rows of its transaction.
 */
export interface Lot {
  readonly group: string;
  /** Every event is taken: nobody has to ask. */
  readonly quiet: boolean;
  verdict(event: EventPlace): 'take' | 'left-out' | 'waits';
  /** An attempt to take the event has failed: the next one parks it. */
  poison(event: EventPlace, error: Error): void;
  /** Within the transaction. */
  flush(): void;
  /** It is committed: those that it has parked. */
  committed(): ParkedEvent[];
  /** What is parked is as the store says: after a transaction that failed, or when somebody else has changed it. */
  reset(): void;
}

export interface LotOptions {
  readonly parking: ParkingNow;
  readonly group: string;
  readonly view: string;
  readonly leftOut: LeftOut;
}

export function createLot({ parking, group, view, leftOut }: LotOptions): Lot {
  const poison = new Map<LogPosition, Error>();
  const waiting = new Map<string, number>();
  let parkedAt = readPlaces(parking, group);
  let parked: ParkedEvent[] = [];

  return {
    group,
    get quiet() {
      return parkedAt.size === 0 && poison.size === 0 && leftOut.none;
    },
    verdict(event) {
      const place = placeIn(parkedAt, event);
      if (place === 'parked') return 'waits';
      if (place === 'waits') {
        const { key } = parkedEvent(event, { group, partition: ONE_PARTITION, error: '' });
        waiting.set(key, (waiting.get(key) ?? 0) + 1);
        return 'waits';
      }
      if (leftOut.has(view, event)) return 'left-out';
      const error = poison.get(event.position);
      if (!error) return 'take';
      const stops = parkedEvent(event, { group, partition: ONE_PARTITION, error });
      parkedAt.set(stops.key, stops.position);
      parked.push(stops);
      return 'waits';
    },
    poison: ({ position }, error) => void poison.set(position, error),
    flush() {
      for (const event of parked) parking.park(event, ONE_TERM);
      for (const [key, events] of waiting) parking.waits(group, key, events);
    },
    committed() {
      const done = parked;
      for (const { position } of done) poison.delete(position);
      waiting.clear();
      parked = [];
      return done;
    },
    reset() {
      parkedAt = readPlaces(parking, group);
      waiting.clear();
      parked = [];
    },
  };
}

const readPlaces = (parking: ParkingNow, group: string): Map<string, LogPosition> => {
  const keys = parking.keys(group, ONE_PARTITION);
  if (keys.size === 0) return new Map();
  const own = parking.list().filter((event) => event.group === group);
  return new Map(own.map(({ key, position }) => [key, position]));
};
