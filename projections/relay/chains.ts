import type { Link, Placed } from '../../events/backplane.ts';
import type { LogPosition, RecordedEvent } from '../../events/event-store.ts';
import { partitionKeyOf, partitionOf } from '../../events/partition.ts';

/** The relay's links belong to one chain in every partition. */
export const RELAY_SOURCE = 0;
/**
 * What a backplane carries at most of one event. One that is larger is left out, and the next link says that it came:
 * whoever reads the partition finds that it lacks it, and reads the log.
 */
export const EVENT_BYTES_MAX = 800_000;

/** Puts events of the log in their partitions, each with what came before it there. */
export interface Chains {
  /** In order, no position at or before those placed already. */
  place(events: readonly RecordedEvent[]): Placed[];
  /** One for each partition: everything up to `position` has been placed. */
  watermarks(position: LogPosition): Placed[];
}

export function createChains(partitions: number, from: LogPosition, eventBytesMax: number = EVENT_BYTES_MAX): Chains {
  const last: LogPosition[] = Array.from({ length: partitions }, () => from);
  const link = (partition: number, position: LogPosition, event: RecordedEvent | null): Placed => {
    const one: Link = { source: RELAY_SOURCE, after: last[partition] ?? from, position, event };
    last[partition] = position;
    return { partition, link: one };
  };
  return {
    place(events) {
      const placed: Placed[] = [];
      for (const event of events) {
        const partition = partitionOf(partitionKeyOf(event.stream), partitions);
        if (bytesOf(event) <= eventBytesMax) placed.push(link(partition, event.position, event));
        else {
          last[partition] = event.position;
          placed.push(link(partition, event.position, null));
        }
      }
      return placed;
    },
    watermarks: (position) => last.map((held, partition) => link(partition, Math.max(held, position), null)),
  };
}

/** Counted exactly only where it may matter: no text has more than three bytes for each of its units. */
function bytesOf({ data, metadata }: RecordedEvent): number {
  const units = data.length + metadata.length;
  if (units * 3 <= EVENT_BYTES_MAX) return units;
  return new TextEncoder().encode(data).length + new TextEncoder().encode(metadata).length;
}
