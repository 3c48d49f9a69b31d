import type { LogPosition, RecordedEvent } from '../../events/event-store.ts';
import { partitionKeyOf } from '../../events/partition.ts';
import { parkedEvent, placeIn } from '../parking/places.ts';
import type { Parked, ParkedAgain, Parking } from '../parking/ports.ts';
import type { Checkpoints, Claim } from './ports.ts';
import type { ReportPartition } from './report.ts';

/** What a group cannot take of one partition: a chat (or user) that is parked waits, all others go on. */
export interface ParkedKeys {
  readonly size: number;
  /** Whether an event is the one that was parked, or comes after it. */
  has(event: RecordedEvent): boolean;
  /**
   * Parks the event's key. Before that the claim is confirmed at `at`, where the checkpoint stands: rows that another
   * process has changed meanwhile prove nothing about an event.
   */
  park(event: RecordedEvent, why: { error: unknown; at: number }): Promise<void>;
  /** Counts those of the events that wait; the one that was parked does not. */
  count(events: readonly RecordedEvent[]): Promise<void>;
  /** Those that an operator wants to be tried again. */
  asked(): Promise<Parked[]>;
  /** An attempt has failed. The claim is confirmed first, here too. */
  again(again: ParkedAgain, at: number): Promise<void>;
  /** The key waits no more. */
  release(parked: Parked, at: number): Promise<void>;
}

export interface ParkedKeysOptions {
  readonly claim: Claim;
  readonly checkpoints: Checkpoints;
  readonly parking: Parking;
  readonly report: ReportPartition;
}

export async function openParkedKeys(options: ParkedKeysOptions): Promise<ParkedKeys> {
  const { claim, checkpoints, parking, report } = options;
  const { group, partition, term } = claim;
  const parkedAt = await parkedBefore(claim, parking);
  const confirm = (at: number): Promise<void> => checkpoints.move({ claim, from: at, to: at });
  return {
    get size() {
      return parkedAt.size;
    },
    has: (event) => parkedAt.size > 0 && placeIn(parkedAt, event) !== 'goes-on',
    async park(event, { error, at }) {
      await confirm(at);
      const parked = parkedEvent(event, { group, partition, error });
      await parking.park(parked, term);
      parkedAt.set(parked.key, parked.position);
      report({ kind: 'parked', ...parked, group });
    },
    async count(events) {
      if (parkedAt.size === 0) return;
      const waiting = new Map<string, number>();
      for (const event of events) {
        if (placeIn(parkedAt, event) !== 'waits') continue;
        const key = partitionKeyOf(event.stream);
        waiting.set(key, (waiting.get(key) ?? 0) + 1);
      }
      for (const [key, more] of waiting) await parking.waits(group, key, more);
    },
    asked: async () => (parkedAt.size === 0 ? [] : parking.asked(group, partition)),
    async again(again, at) {
      await confirm(at);
      await parking.again(again, term);
      parkedAt.set(again.event.key, again.event.position);
    },
    async release(parked, at) {
      await confirm(at);
      await parking.release(parked, term);
      parkedAt.delete(parked.key);
      report({ ...parked, kind: 'released', group });
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
