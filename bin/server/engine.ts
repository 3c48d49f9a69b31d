import type { ProjectionAdmin } from '../../gateway/http/ops/port.ts';
import type { Queries } from '../../queries/index.ts';
import type { ViewProgress } from '../../queries/progress.ts';
import type { OpenLog } from '../write-side.ts';

/** The write side and the read side, whatever they are made of: what the edges serve. */
export interface Engine {
  log: OpenLog;
  queries: Queries;
  projections: Projections;
}

export interface Projections {
  readonly progress: Pick<ViewProgress, 'reached' | 'position' | 'lagMs'>;
  readonly admin: ProjectionAdmin;
  /** How many events of types that this version does not know went by since the start, by type; a cluster's projectors count them. */
  unknown?(): Promise<Record<string, number>>;
}
