import type { LogPosition } from '../../events/event-store.ts';
import { partitionKeyOf } from '../../events/partition.ts';
import type { EventPlace } from '../projection.ts';
import type { ParkedEvent } from './ports.ts';

/** Where each parked key stopped. */
export type Places = ReadonlyMap<string, LogPosition>;

/** Whether an event is one that is parked, comes after one that is, or is to be taken. */
export function placeIn(parkedAt: Places, { stream, position }: Pick<EventPlace, 'stream' | 'position'>) {
  const at = parkedAt.get(partitionKeyOf(stream));
  if (at === undefined || position < at) return 'goes-on';
  return position === at ? 'parked' : 'waits';
}

export function parkedEvent(
  { stream, revision, position, type }: EventPlace,
  { error, ...where }: { group: string; partition: number; error: unknown },
): ParkedEvent {
  return { ...where, key: partitionKeyOf(stream), stream, revision, position, type, error: String(error) };
}
