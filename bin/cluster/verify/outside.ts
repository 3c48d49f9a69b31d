import type { EventLog, LogPosition } from '../../../events/event-store.ts';
import { createLeftOut, type LeftOut } from '../../../projections/parking/left-out.ts';
import type { Parking } from '../../../projections/parking/ports.ts';
import { groupName, type ViewGroup } from '../../../projections/partitions/ports.ts';

/** What of the log is not in the views, rightly: what operators have left out, and what waits behind an event that is parked. */
export interface Outside {
  readonly leftOut: LeftOut;
  /** Everything of a chat (or user) at or before it may be in the view. */
  held(of: { group: ViewGroup; generation: number }, key: string, position: LogPosition): LogPosition;
}

export async function readOutside({
  log,
  parking,
}: {
  log: EventLog;
  parking: Pick<Parking, 'list'>;
}): Promise<Outside> {
  const leftOut = createLeftOut();
  await leftOut.load(log);
  const place = (group: string, key: string): string => `${group} ${key}`;
  const parked = new Map((await parking.list()).map(({ group, key, position }) => [place(group, key), position]));
  return {
    leftOut,
    held({ group, generation }, key, position) {
      const at = parked.get(place(groupName(group, generation), key));
      return at === undefined ? position : Math.min(position, at - 1);
    },
  };
}
