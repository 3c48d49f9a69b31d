import type { RecordedEvent } from '../../events/event-store.ts';
import { partitionKeyOf } from '../../events/partition.ts';
import type { Checkpoints, Claim, Parking } from './ports.ts';
import type { ReportPartition } from './report.ts';

/** What a group cannot take of one partition: a chat (or user) that is parked waits, all others go on. */
export interface ParkedKeys {
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
  const keys = new Set(await parking.keys(group, partition));
  const parkedAt = new Map<string, number>();
  return {
    has: ({ stream }) => keys.size > 0 && keys.has(partitionKeyOf(stream)),
    async park({ stream, revision, position, type }, { error, at }) {
      await checkpoints.move({ claim, from: at, to: at });
      const key = partitionKeyOf(stream);
      const parked = { group, partition, key, stream, revision, position, type, error: String(error) };
      await parking.park(parked);
      keys.add(key);
      parkedAt.set(key, position);
      report({ kind: 'parked', ...parked });
    },
    async count(events) {
      if (keys.size === 0) return;
      const waiting = new Map<string, number>();
      for (const { stream, position } of events) {
        const key = partitionKeyOf(stream);
        if (keys.has(key) && position !== parkedAt.get(key)) waiting.set(key, (waiting.get(key) ?? 0) + 1);
      }
      for (const [key, more] of waiting) await parking.waits(group, key, more);
    },
  };
}
