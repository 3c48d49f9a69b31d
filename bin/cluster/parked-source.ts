import type { Generations } from '../../projections/generations/ports.ts';
import type { Parking } from '../../projections/parking/ports.ts';
import {
  FIRST_GENERATION,
  groupName,
  isViewGroup,
  VIEWS_OF,
  type ViewGroup,
} from '../../projections/partitions/ports.ts';
import type { ParkedSource } from '../server/engine.ts';

/**
 * What is parked in a cluster, by names that a rebuild does not change: what is read goes by its group's name, what is fed
 * beside it by its number too, as in the embedded engine.
 */
export function parkedSource(
  parking: Pick<Parking, 'list' | 'ask'>,
  generations: Pick<Generations, 'list'>,
): ParkedSource {
  const liveOf = async (): Promise<ReadonlyMap<ViewGroup, number>> =>
    new Map(
      (await generations.list())
        .filter(({ state }) => state === 'live')
        .map(({ group, generation }) => [group, generation]),
    );
  return {
    async list() {
      const [parked, live] = await Promise.all([parking.list(), liveOf()]);
      return parked.map((each) => ({ ...each, group: shownAs(each.group, live) }));
    },
    async ask(group, key) {
      return parking.ask(storedAs(group, await liveOf()), key);
    },
    viewsOf(group) {
      const [name = ''] = group.split('@');
      return isViewGroup(name) ? VIEWS_OF[name] : [];
    },
  };
}

function shownAs(stored: string, live: ReadonlyMap<ViewGroup, number>): string {
  const [group = '', generation = String(FIRST_GENERATION)] = stored.split('@');
  if (!isViewGroup(group)) return stored;
  return Number(generation) === live.get(group) ? group : `${group}@${generation}`;
}

function storedAs(shown: string, live: ReadonlyMap<ViewGroup, number>): string {
  const [group = '', generation] = shown.split('@');
  if (!isViewGroup(group)) return shown;
  return groupName(group, generation === undefined ? (live.get(group) ?? FIRST_GENERATION) : Number(generation));
}
