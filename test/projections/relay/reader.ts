import type { GroupMember, Link } from '../../../events/backplane.ts';
import type { EventLog, RecordedEvent } from '../../../events/event-store.ts';
import { partitionKeyOf, partitionOf } from '../../../events/partition.ts';

/** Reads a topic of the relay by the port's rule, and fills gaps from the log. */
export interface Reader extends GroupMember {
  /** What each partition was told, in order. */
  events(partition: number): readonly RecordedEvent[];
  all(): readonly RecordedEvent[];
  held(partition: number): number;
  readonly counts: { gaps: number; repeats: number; links: number };
}

export function createReader(log: Pick<EventLog, 'readAll'>, partitions: number): Reader {
  const held = Array.from({ length: partitions }, () => 0);
  const told = Array.from({ length: partitions }, () => [] as RecordedEvent[]);
  const counts = { gaps: 0, repeats: 0, links: 0 };

  async function takeLink(partition: number, { after, position, event }: Link): Promise<void> {
    counts.links++;
    const mine = told[partition] ?? [];
    if ((held[partition] ?? 0) >= position) {
      counts.repeats++;
      return;
    }
    if ((held[partition] ?? 0) < after) {
      counts.gaps++;
      const missed = await log.readAll({ after: held[partition] ?? 0, until: after, limit: 1_000_000 });
      mine.push(...missed.filter(({ stream }) => partitionOf(partitionKeyOf(stream), partitions) === partition));
    }
    if (event) mine.push(event);
    held[partition] = position;
  }

  return {
    async take(partition, links) {
      for (const link of links) await takeLink(partition, link);
    },
    lost: () => undefined,
    events: (partition) => told[partition] ?? [],
    all: () => told.flat(),
    held: (partition) => held[partition] ?? 0,
    counts,
  };
}

/** What every partition should have been told of this log. */
export async function expectedOf(log: Pick<EventLog, 'readAll'>, partitions: number): Promise<RecordedEvent[][]> {
  const all = await log.readAll({ after: 0, limit: 1_000_000 });
  return Array.from({ length: partitions }, (_, partition) =>
    all.filter(({ stream }) => partitionOf(partitionKeyOf(stream), partitions) === partition),
  );
}
