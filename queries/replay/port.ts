import type { ChatEvent } from '../../events/chat.ts';

/** Where events are replayed to: a terminal, an endpoint, a topic, a file of the user's. */
export interface ReplayTarget {
  /** So many events are taken at once, at most. */
  readonly batchEvents: number;
  /**
   * Takes events in their order, and resolves once it has them: how many, all but where the signal aborted in between.
   * Throws `ReplayError`.
   */
  take(events: readonly ChatEvent[], signal: AbortSignal): Promise<number>;
  close(): Promise<void>;
}

/** Where a replay goes on: all before `position` was taken, and counted. */
export interface ReplayCheckpoint {
  /** Of the last event that was taken, as the event carries it. */
  readonly position: string;
  readonly count: number;
}

/** `refused`: the target will not have it; `unavailable`: it was tried again and again; `handler-failed`: it threw. */
export type ReplayErrorCode = 'refused' | 'unavailable' | 'handler-failed';

export class ReplayError extends Error {
  readonly code: ReplayErrorCode;
  /** How many of the events it had before. */
  readonly taken: number;
  constructor(code: ReplayErrorCode, message: string, options: { cause?: unknown; taken?: number } = {}) {
    super(message, options);
    this.name = 'ReplayError';
    this.code = code;
    this.taken = options.taken ?? 0;
  }
}
