import type { LogPosition } from '../../events/event-store.ts';
import type { Claim } from './ports.ts';
import type { PartitionSink } from './sink.ts';

/** A claim, and how far the partition was followed with it. */
export interface Seat {
  readonly claim: Claim;
  readonly sink: PartitionSink;
  /** Where the checkpoint is. */
  committed: LogPosition;
  /** Everything through here was taken, or nothing was there to take. */
  held: LogPosition;
  committedAt: number;
}

/** A partition from when its group first hands over links of it until it says that it is another's. */
export interface Assignment {
  readonly partition: number;
  readonly over: AbortController;
  seat: Seat | null;
  /** The term of the last seat that had to be left; null where there was none. */
  leftTerm: number | null;
  /** A call that has not ended: the seat is closed after it. */
  busy: boolean;
}

export const newAssignment = (partition: number): Assignment => ({
  partition,
  over: new AbortController(),
  seat: null,
  leftTerm: null,
  busy: false,
});

/** Cut short where the assignment ends. */
export function pause(ms: number, { over: { signal } }: Assignment): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}
