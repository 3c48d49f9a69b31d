/** Limits of the gateway, named, unit last. Clients are told those that concern them in `welcome`. */
export const GATEWAY_PATH = '/v1/ws';
export const SUBPROTOCOL = 'hindsight.v1';

/** Of one frame from a client; longer ones close the socket with 4413. */
export const FRAME_MAX_BYTES = 65_536;
/** What is taken off the wire at all, so that the close can say why. Beyond it the library cuts the connection. */
export const RECEIVE_MAX_BYTES = 2_097_152;
export const UPGRADE_DEADLINE_MS = 5_000;
/** Of an upgrade, for the log to say where it ends. */
export const HEAD_WAIT_MS = 500;

/** Live pushes that wait for one slow socket; then they are dropped, and `resync` says so. */
export const OUTBOX_BYTES = 1_048_576;
/** All that waits for one socket, answers included; then it is closed. */
export const OUTBOX_HARD_BYTES = 4 * OUTBOX_BYTES;
/** A backlog or a replay goes on when no more than this waits. Node drains only what exceeds its own mark of 64 KiB. */
export const OUTBOX_LOW_BYTES = 65_536;
/** What is written to a socket in one piece. */
export const CORK_BYTES = 65_536;

export const HEARTBEAT_MS = 30_000;
/** A client that pings exactly every `heartbeatMs` must not be cut off for a slow network. */
export const HEARTBEAT_GRACE_MS = 10_000;
/** How exactly deadlines (expiry, silence) are kept. */
export const DEADLINE_TICK_MS = 250;

export const COMMANDS_OPEN_MAX = 256;
export const READS_OPEN_MAX = 16;
export const UNREADABLE_FRAMES_MAX = 10;
/** So many frames may be refused by the rate limit until the socket is closed with 4429. */
export const RATE_STRIKES = { points: 500, seconds: 60 };
export const SOCKETS_PER_ADDRESS_MAX = 500;
export const SOCKETS_PER_USER_MAX = 50;

export const SYNC_LIMIT = 1_000;
/** Chats named in one `sync`; what is more is said with `more`. What 64 KiB hold is less for direct chats. */
export const SYNC_CHATS_MAX = 2_000;
/** Events read at once for a backlog, a healed gap or a replay. */
export const PAGE_EVENTS = 200;
/** Pages that all sockets together read at once, so that a storm of reconnects leaves room for the rest. */
export const CATCH_UPS_AT_ONCE = 16;
/** Failed reads of one backlog until the client is told to load it itself. */
export const BACKLOG_TRIES = 3;

export const REPLAYS_MAX = 4;
export const REPLAY_MAX_GAP_MS = 2_000;
export const REPLAY_SPEED_MAX = 10_000;
/** After the last close was said: how long its bytes may take before the connections are cut. */
export const CLOSE_LINGER_MS = 200;
/** Until the feed is tried again after the store failed. */
export const FEED_RETRY_MS = 250;
