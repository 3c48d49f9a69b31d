/** Time limits of who serves whom, unit last. All gateways of a cluster have the same. */

/** How often a gateway says that it is alive, and looks what the others are. */
export const BEAT_MS = 500;
/** A gateway that was not heard of for so long is dead: others take its slots at their next beat. */
export const GATEWAY_DEAD_AFTER_MS = 2_000;
/**
 * A gateway that was taken for dead while it lived takes its slots back at once. Where that happens again it leaves
 * them with whoever has them, for so long at first, twice as long each time, and no longer than the last.
 */
export const TAKE_BACK_AFTER_MS = 5_000;
export const TAKE_BACK_AFTER_MAX_MS = 60_000;
/** Without another such lapse for so long it is as good as new. */
export const LAPSE_FORGOTTEN_MS = 120_000;
/** How long clients of a slot that was handed over are still served where they are. PROTOCOL §6 allows 30 s. */
export const MOVE_AFTER_MS = 5_000;
/** How long a gateway that stops waits for others to take its slots: else its clients would only hear that it is going. */
export const HAND_OVER_MS = 2_000;
/** How long clients of a gateway that stops are served there yet. The whole stop is to be over within 10 s. */
export const LAST_MOVE_AFTER_MS = 1_500;
/** How long a socket's upgrade, or its `sync`, waits for its slot to be served by anybody. */
export const SLOT_WAIT_MS = 2_000;
/** How long a socket that belongs elsewhere has to read where, until it is closed. */
export const MOVED_LINGER_MS = 1_000;
