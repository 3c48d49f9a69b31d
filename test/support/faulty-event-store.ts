import { type EventStore, type NewEvent, StoreError } from '../../events/event-store.ts';

/** What becomes of an append: `lost` and `late` both answer `unknown`, before or after it happened. */
export type Fate = 'fine' | 'unavailable' | 'lost' | 'late' | 'never';

/** A store whose appends may fail, and which may be watched. */
export function faulty(
  store: EventStore,
  fate: (append: { stream: string; expected: number; events: readonly NewEvent[] }) => Fate | Promise<Fate>,
): EventStore {
  return {
    ...store,
    async append(stream, expected, events) {
      switch (await fate({ stream, expected, events })) {
        case 'unavailable':
          throw new StoreError('unavailable', 'not now');
        case 'lost':
          throw new StoreError('unknown', 'who knows');
        case 'late':
          await store.append(stream, expected, events);
          throw new StoreError('unknown', 'who knows');
        case 'never':
          return new Promise(() => undefined);
        case 'fine':
          return store.append(stream, expected, events);
      }
    },
  };
}

/** A store that counts what is read of it. */
export function counting(store: EventStore): EventStore & { reads: { calls: number; events: number } } {
  const reads = { calls: 0, events: 0 };
  return {
    ...store,
    reads,
    async readStream(stream, page) {
      const events = await store.readStream(stream, page);
      reads.calls++;
      reads.events += events.length;
      return events;
    },
  };
}
