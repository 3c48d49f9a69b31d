import type { StoreErrorCode } from '../../../events/event-store.ts';

/** What crosses between the calling thread and the writer's: structures of arrays, which clone quickest. */

/** One entry per append in the first three, one per event in the others. */
export interface AppendGroup {
  kind: 'append';
  recordedAt: number;
  streams: string[];
  expected: number[];
  counts: number[];
  eventIds: string[];
  types: string[];
  data: string[];
  metadata: string[];
}

export type ToWriter =
  | AppendGroup
  | { kind: 'snapshot'; id: number; stream: string; revision: number; state: string }
  | { kind: 'close' };

export const CONFLICT = 0;
export const APPENDED = 1;
/** Its events stood there already: answered as at first. */
export const REPEATED = 2;

/** The answers to the next appends in the order they were posted. */
export interface GroupResult {
  kind: 'appended';
  status: number[];
  /** The last revision after the append; at a conflict the stream's actual one. */
  revisions: number[];
  positions: number[];
  recordedAt: number[];
}

export interface WriterFailure {
  code: StoreErrorCode;
  message: string;
  /** Nothing can be written any more: the process must end. */
  fatal: boolean;
}

export type FromWriter =
  | GroupResult
  /** The next `appends` were not appended, or nobody knows. */
  | { kind: 'refused'; appends: number; failure: WriterFailure }
  | { kind: 'saved'; ids: number[]; failure: WriterFailure | null }
  | { kind: 'ready'; epoch: string }
  | { kind: 'failed'; failure: WriterFailure }
  | { kind: 'closed' };
