import { type AppendResult, type EventStore, type NewEvent, StoreError } from '../events/event-store.ts';
import type { Timer } from './ports.ts';

/** `lost`: it certainly did not happen. `unknown`: nobody will ever tell this caller. */
export type Appended = AppendResult | { status: 'lost'; error: StoreError } | { status: 'unknown' };

export interface Appending {
  readonly store: EventStore;
  readonly timer: Timer;
  readonly stream: string;
  readonly expected: number;
  readonly events: readonly NewEvent[];
  /** By the timer's clock: until when a store that refuses for the time being is asked again. */
  readonly deadline: number;
  /** Whether an unknown outcome is pursued past the deadline: where others wait behind it and their callers are told. */
  readonly pursue: boolean;
  /** True when the program is about to end: then nothing is tried again. */
  readonly closing: () => boolean;
}

const RETRY_FIRST_MS = 10;
const RETRY_MAX_MS = 1_000;

/**
 * Appends. After an unknown outcome the identical batch goes at the same revision until it is there or refused: only
 * then is it known what the stream holds.
 */
export async function appendUntilKnown(appending: Appending): Promise<Appended> {
  const { store, timer, stream, expected, events, deadline, pursue, closing } = appending;
  let uncertain = false;
  for (let wait = RETRY_FIRST_MS; ; wait = Math.min(2 * wait, RETRY_MAX_MS)) {
    try {
      return await store.append(stream, expected, events);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      uncertain ||= error.code === 'unknown';
      const over = !error.temporary || closing() || (!(uncertain && pursue) && timer.now() + wait >= deadline);
      if (over) return uncertain ? { status: 'unknown' } : { status: 'lost', error };
    }
    await pause(timer, wait);
  }
}

export const pause = (timer: Timer, ms: number): Promise<void> =>
  new Promise((resolve) => void timer.after(ms, resolve));
