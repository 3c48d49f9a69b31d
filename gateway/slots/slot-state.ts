import type { Link } from '../../events/backplane.ts';
import type { LogPosition } from '../../events/event-store.ts';

/** How far one followed slot has come, by the source of its links. */
export interface SlotState {
  /** By source; -1 where no link of it has come yet. */
  readonly held: LogPosition[];
  /** The least of `held`: everything at or before it has come. */
  least: number;
  /** What comes is without a gap from here on: the greatest place at which a source was joined, or had a gap. */
  floor: LogPosition;
  /** Whether its users can be told everything from some position on that others have reached too. */
  open: boolean;
}

export const createSlotState = (sources: number): SlotState => ({
  held: Array.from({ length: sources }, () => -1),
  least: -1,
  floor: 0,
  open: false,
});

/** `missed`: something has not come to users who were told that they get everything. The slot is closed for now. */
export type Verdict = 'known' | 'next' | 'missed';

/** The rule of `events/backplane.ts`. */
export function takeLink(state: SlotState, { source, after, position }: Link): Verdict {
  const held = state.held[source];
  if (held === undefined) throw new Error(`a link of source ${source}, of which there are ${state.held.length}`);
  if (position <= held) return 'known';
  const gap = held >= 0 && after > held;
  state.held[source] = position;
  if (held < 0 || gap) state.floor = Math.max(state.floor, after);
  if (held === state.least) state.least = Math.min(...state.held);
  if (!gap || !state.open) return 'next';
  state.open = false;
  return 'missed';
}

/** Nothing that came before now was told: it begins anew from what it holds. */
export function startAnew(state: SlotState): void {
  state.open = false;
  state.floor = Math.max(state.floor, ...state.held);
}

/** Opens a slot that has come as far as the feed says of itself (`reached`), where that is behind its floor. */
export function openAt(state: SlotState, reached: LogPosition): boolean {
  if (state.open || reached < state.floor || state.least < reached) return false;
  state.open = true;
  return true;
}
