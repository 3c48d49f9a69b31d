import type { LogPosition, RecordedEvent } from '../../events/event-store.ts';
import { partitionKeyOf } from '../../events/partition.ts';
import type { Checkpoints, Claim, Parking } from './ports.ts';
import type { ReportPartition } from './report.ts';

/** What a group cannot take of one partition: a chat (or user) that is parked waits, all others go on. */
export interface ParkedKeys {
  /** Whether an event is the one that was parked, or comes after it. */
  has(event: RecordedEvent): boolean;
  /**
   * Parks the event's key. Before that the claim is confirmed at `at`, where the checkpoint stands: rows that another
   * process has changed meanwhile prove nothing about an event.
   */
  park(event: RecordedEvent, why: { error: unknown; at: number }): Promise<void>;
  /** Counts those of the events that wait; the one that was parked does not. */
  count(events: readonly RecordedEvent[]): Promise<void>;
}

export interface ParkedKeysOptions {
  readonly claim: Claim;
  readonly checkpoints: Checkpoints;
  readonly parking: Parking;
  readonly report: ReportPartition;
}

export async function openParkedKeys(options: ParkedKeysOptions): Promise<ParkedKeys> {
  const { claim, checkpoints, parking, report } = options;
  const { group, partition } = claim;
  const parkedAt = await parkedBefore(claim, parking);
  const isParked = ({ stream, position }: RecordedEvent): boolean =>
    position >= (parkedAt.get(partitionKeyOf(stream)) ?? Number.POSITIVE_INFINITY);
  return {
    has: (event) => parkedAt.size > 0 && isParked(event),
    async park({ stream, revision, position, type }, { error, at }) {
      await checkpoints.move({ claim, from: at, to: at });
      const key = partitionKeyOf(stream);
      const parked = { group, partition, key, stream, revision, position, type, error: String(error) };
      await parking.park(parked, claim.term);
      parkedAt.set(key, position);
      report({ kind: 'parked', ...parked });
    },
    async count(events) {
      if (parkedAt.size === 0) return;
      const waiting = new Map<string, number>();
      for (const event of events) {
        const key = partitionKeyOf(event.stream);
        if (isParked(event) && event.position !== parkedAt.get(key)) waiting.set(key, (waiting.get(key) ?? 0) + 1);
      }
      for (const [key, more] of waiting) await parking.waits(group, key, more);
    },
  };
}

/** Where each parked key stopped. */
async function parkedBefore({ group, partition }: Claim, parking: Parking): Promise<Map<string, LogPosition>> {
  const keys = await parking.keys(group, partition);
  if (keys.size === 0) return new Map();
  const parked = (await parking.list()).filter((event) => event.group === group && keys.has(event.key));
  return new Map(parked.map(({ key, position }) => [key, position]));
}
