import { ulidBound } from './ulid-bound.ts';

/**
 * The ids of a chat's latest commands, and the greatest of all that came before them. An id above that horizon which is
 * not in the window was never used: a fresh one is proven new without asking anybody.
 */
export interface IdWindow {
  /** Command id → seq of its first event, in the order of the events. */
  readonly seqs: Map<string, number>;
  /** The greatest id that has left the window; empty before the first one has. */
  horizon: string;
  /** Every event from this seq on has its id in the window. */
  fromSeq: number;
}

const WINDOW_MIN_IDS = 512;
const WINDOW_MAX_IDS = 16_384;
/**
 * Ids stay until the time in them is so long past, where there is room: the horizon stays behind the clocks of clients
 * that are late, and of those that are early, which would otherwise push it ahead of everybody.
 */
const WINDOW_STAY_MS = 60_000;

export const emptyIdWindow = (): IdWindow => ({ seqs: new Map(), horizon: '', fromSeq: 1 });

/** Whether the id certainly belongs to no event of the chat. */
export const isNew = (window: IdWindow, id: string): boolean => !window.seqs.has(id) && id > window.horizon;

/** Lets the oldest ids go. Only for ids whose events are stored: there is no way back. */
export function trimIds(window: IdWindow, now: number): void {
  const { seqs } = window;
  if (seqs.size <= WINDOW_MIN_IDS) return;
  const bound = ulidBound(now - WINDOW_STAY_MS);
  for (const [id, seq] of seqs) {
    window.fromSeq = seq;
    if (seqs.size <= WINDOW_MIN_IDS || (seqs.size <= WINDOW_MAX_IDS && id > bound)) return;
    seqs.delete(id);
    if (id > window.horizon) window.horizon = id;
  }
}
