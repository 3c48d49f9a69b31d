import type { UserId } from '../../events/ids.ts';

/** Which gateway serves whom. In a cluster users are spread over slots by a stable hash, and gateways own slots. */
export interface Slots {
  /** The public WebSocket address for a user; null while nobody serves the user's slot. */
  urlOf(userId: UserId): string | null;
  /** The address of another gateway that owns the user's slot; null where this one does, or nobody that is alive. */
  elsewhere(userId: UserId): string | null;
  /**
   * Whether this gateway can serve the user now: its slot is owned here, or was until a moment ago, and what is told to
   * it is complete.
   */
  serves(userId: UserId): boolean;
  /** Resolves true as soon as the slot is owned and served here, false where another gateway owns it, or after `withinMs`. */
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

/** Who owns which slot, kept where all gateways see it. Ownership is moved by comparing terms: of two that claim one, one wins. */
export interface SlotLeases {
  /** Says that this gateway is alive, and reads what all others see. */
  beat(gateway: { id: string; url: string }): Promise<LeaseTable>;
  /** What all others see, without taking part. */
  table(): Promise<LeaseTable>;
  /** Takes a slot over. False where its term is not `term` any more. */
  claim(claim: { slot: number; term: number; gatewayId: string }): Promise<boolean>;
  /** This gateway is going: others may take its slots at once. */
  leave(gatewayId: string): Promise<void>;
}

export interface LeaseTable {
  /** Those that have said lately, by the store's clock, that they are alive. */
  readonly gateways: readonly { readonly id: string; readonly url: string }[];
  /** Every slot, in order. `owner` null: never owned. */
  readonly slots: readonly { readonly slot: number; readonly owner: string | null; readonly term: number }[];
}
