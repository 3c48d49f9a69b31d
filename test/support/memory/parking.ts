import type { GroupName, ParkedEvent, Parking } from '../../../projections/partitions/ports.ts';

export interface MemoryParking extends Parking {
  /** As a rewind of the group does. */
  forget(group: GroupName): void;
}

/** What is parked, for as long as its process lasts. */
export function memoryParking(): MemoryParking {
  const parked = new Map<string, ParkedEvent & { waiting: number }>();
  const id = (group: string, key: string): string => `${group} ${key}`;
  return {
    async keys(group, partition) {
      const own = [...parked.values()].filter((event) => event.group === group && event.partition === partition);
      return new Set(own.map(({ key }) => key));
    },
    async park(event) {
      const at = id(event.group, event.key);
      if (!parked.has(at)) parked.set(at, { ...event, waiting: 0 });
    },
    async waits(group, key, events) {
      const event = parked.get(id(group, key));
      if (event) event.waiting += events;
    },
    forget(group) {
      for (const [at, event] of parked) if (event.group === group) parked.delete(at);
    },
    list: async () => [...parked.values()].map((event) => ({ ...event })).sort(inOrder),
  };
}

type Parked = Pick<ParkedEvent, 'group' | 'position' | 'key'>;

const inOrder = (a: Parked, b: Parked): number =>
  compare(a.group, b.group) || a.position - b.position || compare(a.key, b.key);

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
