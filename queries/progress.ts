import type { LogPosition } from '../events/event-store.ts';

/** How far the views have come. Implemented beside each projection runner. */
export interface ViewProgress {
  /** The greatest log position that every view holds. */
  position(): LogPosition;
  /** Resolves true as soon as `position()` ≥ the given one, false after `withinMs`. */
  reached(position: LogPosition, withinMs: number): Promise<boolean>;
  /** Milliseconds for which the views have been behind the log's head without a break; 0 when they hold it. */
  lagMs(): number;
}
