import type { ProjectionAdmin } from '../../gateway/http/ops/port.ts';
import type { Parking } from '../../projections/parking/ports.ts';
import type { Queries } from '../../queries/index.ts';
import type { ViewProgress } from '../../queries/progress.ts';
import type { OpenLog } from '../write-side.ts';

/** The write side and the read side, whatever they are made of: what the edges serve. */
export interface Engine {
  log: OpenLog;
  queries: Queries;
  projections: Projections;
}

/** What is parked, and which views a group of it is made of. */
export interface ParkedSource extends Pick<Parking, 'list' | 'ask'> {
  viewsOf(group: string): readonly string[];
}

export interface Projections {
  readonly progress: Pick<ViewProgress, 'reached' | 'position' | 'lagMs'>;
  readonly admin: ProjectionAdmin;
  readonly parked: ParkedSource;
  /** How many events of types that this version does not know went by since the start, by type; a cluster's projectors count them. */
  unknown?(): Promise<Record<string, number>>;
}
