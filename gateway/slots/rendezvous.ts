import { partitionOf } from '../../events/partition.ts';
import type { LeaseTable } from './ports.ts';

const WEIGHTS = 2 ** 32;

/**
 * Whose a slot should be: the gateway with the greatest weight for it. All that know of the same gateways agree, and
 * one that comes or goes moves only the slots that it gains or leaves.
 */
export function preferredOwner(slot: number, gateways: LeaseTable['gateways']): string | null {
  let best: string | null = null;
  let most = -1;
  for (const { id } of gateways) {
    const weight = partitionOf(`${slot} ${id}`, WEIGHTS);
    if (weight < most || (weight === most && best !== null && id < best)) continue;
    best = id;
    most = weight;
  }
  return best;
}
