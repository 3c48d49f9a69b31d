import type { LogPosition } from '../../events/event-store.ts';
import type { ParkedEvent } from '../parking/ports.ts';
import type { ProjectionJob } from './api.ts';
import type { StoreFault, ViewName } from './ports.ts';

/** What an operator should hear of. */
export type Report =
  | { kind: 'unknown-event'; type: string; stream: string; position: LogPosition }
  | (ParkedEvent & { kind: 'parked' })
  | (ParkedEvent & { kind: 'released' })
  | { kind: 'store-fault'; fault: StoreFault; error: string }
  | { kind: 'store-back' }
  /** Done, failed or cancelled. */
  | { kind: 'job-ended'; job: ProjectionJob }
  /** What the views hold of a chat was built anew: whoever has read it reads it again. */
  | { kind: 'repaired'; chatId: string; headSeq: number }
  | { kind: 'rebuilt'; views: readonly ViewName[]; position: LogPosition };
