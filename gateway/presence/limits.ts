/** Limits of who is told that somebody is there, or typing; unit last. */

/** Who is online or typing is told in chats of at most so many members. */
export const PRESENCE_MAX_MEMBERS = 100;
/** Users that one socket follows. */
export const PRESENCE_USERS_MAX = 500;
/** How long `presence` waits for what other gateways say; what comes later is pushed. */
export const PRESENCE_WAIT_MS = 500;
/** A user without a socket counts as online for so long: reconnecting is no news. */
export const OFFLINE_AFTER_MS = 1_000;
/** How often a gateway says again whom it wants to know of; who is not asked for is forgotten after three times that. */
export const WATCH_RENEW_MS = 10_000;
export const WATCH_EXPIRES_MS = 30_000;
/** How soon it is looked anew who may be seen, after somebody came or went. */
export const LOOK_AFTER_MS = 100;
/** Until that is tried again after it failed. */
export const LOOK_RETRY_MS = 1_000;
/** Users named in one signal. */
export const WATCH_USERS_MAX = 500;
/** In one chat somebody's typing is told at most so often. */
export const TYPING_GAP_MS = 1_000;
