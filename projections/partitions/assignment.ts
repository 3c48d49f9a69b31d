import type { LogPosition } from '../../events/event-store.ts';
import type { Claim } from './ports.ts';
import type { PartitionSink } from './sink.ts';

/** A claim, and how far the partition was followed with it. */
export interface Seat {
  readonly claim: Claim;
  readonly sink: PartitionSink;
  /** The sink has taken everything through here; the checkpoint is here or, where the sink moves it later, behind. */
  committed: LogPosition;
  /** Everything through here was taken, or nothing was there to take. */
  held: LogPosition;
  /** On the process's own clock. */
  committedAt: number;
  /** Something was done since the sink was last told that nothing comes. */
  restless: boolean;
}

/** A partition from when its group first hands over links of it until it says that it is another's. */
export interface Assignment {
  readonly partition: number;
  readonly over: AbortController;
  seat: Seat | null;
  /** The term of the last seat that had to be left; null where there was none. */
  leftTerm: number | null;
  /** Whoever works on the partition does so after whoever came before. */
  turn: Promise<void>;
  /** How many are at it, or wait: the seat is closed after the last. */
  busy: number;
  /** Runs out when nothing has come for a while. */
  rest: NodeJS.Timeout | null;
}

export const newAssignment = (partition: number): Assignment => ({
  partition,
  over: new AbortController(),
  seat: null,
  leftTerm: null,
  turn: Promise.resolve(),
  busy: 0,
  rest: null,
});

export function end({ over, rest }: Assignment): void {
  if (rest) clearTimeout(rest);
  over.abort();
}

/** Gives the seat up; the next one begins with a claim. */
export async function leave(assignment: Assignment): Promise<void> {
  const { seat } = assignment;
  assignment.seat = null;
  if (!seat) return;
  assignment.leftTerm = seat.claim.term;
  await seat.sink.close();
}

/** One call at a time, in the order made. */
export async function inTurn(assignment: Assignment, work: () => Promise<void>): Promise<void> {
  const before = assignment.turn;
  let done: () => void = () => undefined;
  assignment.turn = new Promise((resolve) => {
    done = resolve;
  });
  assignment.busy += 1;
  try {
    await before;
    await work();
  } finally {
    assignment.busy -= 1;
    try {
      if (assignment.busy === 0 && assignment.over.signal.aborted) await leave(assignment);
    } finally {
      done();
    }
  }
}
