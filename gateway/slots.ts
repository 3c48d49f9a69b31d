import type { UserId } from '../events/ids.ts';

/** Which gateway serves whom. In a cluster users are spread over slots by a stable hash, and gateways own slots. */
export interface Slots {
  /** The public WebSocket address for a user; null while nobody serves the user's slot. */
  urlOf(userId: UserId): string | null;
  /** Whether this gateway serves the user now: its slot is owned here, and what is told to it is complete. */
  serves(userId: UserId): boolean;
  /** Resolves true as soon as it does, false where another gateway owns the slot, or after `withinMs`. */
  served(userId: UserId, withinMs: number): Promise<boolean>;
  /** Slots have been taken over: users for whom `gone` is true are served here for `afterMs` more. Returns the unsubscription. */
  onMoved(listener: (move: Move) => void): () => void;
}

export interface Move {
  gone(userId: UserId): boolean;
  /** Where a user is served from now on. */
  urlOf(userId: UserId): string | null;
  /** Within how many milliseconds clients should have gone: 30,000 at most. */
  readonly afterMs: number;
}
