import type { EventLog, LogPosition } from '../../../events/event-store.ts';
import type { Comparison, LiveGenerations } from '../../../projections/generations/ports.ts';
import { createLeftOut, type LeftOut } from '../../../projections/parking/left-out.ts';
import type { Parked, Parking } from '../../../projections/parking/ports.ts';
import { groupName, type ViewGroup } from '../../../projections/partitions/ports.ts';

/** What of the log is not in the views, rightly: what operators have left out, and what waits behind an event that is parked. */
export interface Outside {
  readonly leftOut: LeftOut;
  /** All that is parked, by whomever. */
  readonly parked: readonly Parked[];
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
  const parked = await parking.list();
  const positions = new Map(parked.map(({ group, key, position }) => [place(group, key), position]));
  return {
    leftOut,
    parked,
    held({ group, generation }, key, position) {
      const at = positions.get(place(groupName(group, generation), key));
      return at === undefined ? position : Math.min(position, at - 1);
    },
  };
}

/** What the views that are compared rightly do not hold. */
export function apartFrom(
  { leftOut, parked }: Outside,
  { generations, views }: { generations: Partial<LiveGenerations>; views: readonly string[] },
): Pick<Comparison, 'skipped' | 'parked'> {
  const groups = Object.entries(generations).map(([group, n]) => groupName(group as ViewGroup, n));
  return {
    skipped: [...new Set(views.flatMap((view) => leftOut.of(view)))],
    parked: parked.filter(({ group }) => groups.some((name) => name === group)),
  };
}
