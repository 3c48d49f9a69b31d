import type { StoreErrorCode } from '../../../events/event-store.ts';
import type { Admin, Runner } from '../../../projections/index.ts';
import type { ProjectionReport } from './open-runner.ts';

/** What goes between the server's main thread and the projections' worker. */
export interface WorkerInput {
  eventsFile: string;
  viewsFile: string;
}

/** What may be asked of the worker: the operator's actions, and its own counts. */
export type Asked = keyof Admin | `parked.${keyof Runner['parking']}` | 'unknown';

/** An error as it goes through; `code` null: a fault of the program. */
export interface Failure {
  code: StoreErrorCode | null;
  temporary: boolean;
  message: string;
}

export type ToWorker =
  | { kind: 'nudge' }
  | { kind: 'call'; id: number; method: Asked; args: unknown[] }
  | { kind: 'close' };

export type FromWorker =
  /** The first attempt to open the views is over, well or not. */
  | { kind: 'ready' }
  /** `following`: of the views that are not paused. */
  | { kind: 'position'; position: number; following: number }
  | { kind: 'head'; head: number }
  | { kind: 'report'; report: ProjectionReport }
  | { kind: 'answer'; id: number; value: unknown; error: Failure | null };
