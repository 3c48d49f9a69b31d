import type { Parked, ParkedEvent, Parking } from '../../../projections/parking/ports.ts';

/** What is parked, for as long as its process lasts. */
export function memoryParking(): Parking {
  const parked = new Map<string, { -readonly [K in keyof Parked]: Parked[K] }>();
  const id = (group: string, key: string): string => `${group} ${key}`;
  return {
    async keys(group, partition) {
      const own = [...parked.values()].filter((event) => event.group === group && event.partition === partition);
      return new Set(own.map(({ key }) => key));
    },
    async park(event) {
      const at = id(event.group, event.key);
      if (!parked.has(at)) parked.set(at, { ...event, waiting: 0, since: Date.now(), asked: 0, tried: 0 });
    },
    async waits(group, key, events) {
      const event = parked.get(id(group, key));
      if (event) event.waiting += events;
    },
    async ask(group, key) {
      const event = parked.get(id(group, key));
      return event ? ++event.asked : null;
    },
    asked: async (group, partition) =>
      [...parked.values()]
        .filter((each) => each.group === group && each.partition === partition && each.asked > each.tried)
        .map((each) => ({ ...each }))
        .sort(inOrder),
    async again({ event, taken, attempt }) {
      const stands = parked.get(id(event.group, event.key));
      if (stands) Object.assign(stands, event, { waiting: Math.max(0, stands.waiting - taken), tried: attempt });
    },
    async release({ group, key }) {
      parked.delete(id(group, key));
    },
    list: async () => [...parked.values()].map((event) => ({ ...event })).sort(inOrder),
  };
}

type Place = Pick<ParkedEvent, 'group' | 'position' | 'key'>;

const inOrder = (a: Place, b: Place): number =>
  compare(a.group, b.group) || a.position - b.position || compare(a.key, b.key);

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
