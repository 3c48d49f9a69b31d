/**
 * The port to whatever speaks WebSocket: small, so that two libraries fit behind it. `test/contracts/socket-server.ts`
 * is its specification. Nothing here knows of chats; nothing behind it decides who may come in.
 */
export interface UpgradeRequest {
  readonly path: string;
  /** Lower-case name; null where the header was not sent. Valid at any time, also after an await. */
  header(name: 'authorization' | 'origin'): string | null;
  /** As offered, in order, trimmed. */
  readonly subprotocols: readonly string[];
  /** The peer's address as text. */
  readonly address: string;
}

export type UpgradeVerdict<D> =
  | { readonly accept: D; readonly subprotocol: string | null }
  /** An HTTP status, and after how many seconds another try makes sense: no socket comes to be. */
  | { readonly refuse: number; readonly retryAfterS?: number };

/**
 * What became of a frame: on its way; waiting in memory, so that `drained` follows; or lost, because more than
 * `maxBufferedBytes` waited already.
 */
export type SendResult = 'sent' | 'buffered' | 'dropped';

export interface Socket<D> {
  readonly data: D;
  /** False from the moment that it closes: every other member then does nothing. */
  readonly open: boolean;
  /** Sends a text frame. `bytes` is UTF-8 and must not change afterwards. */
  send(bytes: Uint8Array): SendResult;
  /** Packs all that `write` sends into as few writes as can be. */
  cork(write: () => void): void;
  bufferedBytes(): number;
  /** Says why, then closes; `closed` is called before this returns. */
  close(code: number, reason: string): void;
}

export interface SocketHandlers<D> {
  /** Whether an upgrade of the one path is let in. A refusal is all that the peer sees. */
  authorize(request: UpgradeRequest): Promise<UpgradeVerdict<D>>;
  opened(socket: Socket<D>): void;
  /** `text` is null where the frame was binary, or longer than `maxFrameBytes`; `bytes` is its length. */
  frame(socket: Socket<D>, text: string | null, bytes: number): void;
  /** Less waits in memory than before. */
  drained(socket: Socket<D>): void;
  /** Once for each `opened`. */
  closed(socket: Socket<D>, code: number): void;
}

export interface SocketServerOptions {
  /** The one path that is upgraded: without an upgrade 426, every other 404. */
  path: string;
  /** Longer frames reach `frame` without their text, up to `maxReceiveBytes`; beyond that the socket is cut off. */
  maxFrameBytes: number;
  maxReceiveBytes: number;
  maxBufferedBytes: number;
  /** How long `authorize` may take before the upgrade is refused with 503. */
  upgradeDeadlineMs: number;
}

export interface SocketServer {
  /** Begins to listen; 0 picks a port. Resolves to the port. */
  listen(address: { host: string; port: number }): Promise<number>;
  /** Takes no more connections; those that are there go on. */
  stopListening(): void;
  /** Cuts off what is left. */
  close(): Promise<void>;
}

export type SocketServerFactory = <D>(handlers: SocketHandlers<D>, options: SocketServerOptions) => SocketServer;

/** Which library serves, and why: a line for `doctor`. */
export interface SocketAdapter {
  readonly adapter: 'uws' | 'ws';
  readonly reason: string;
  readonly create: SocketServerFactory;
}

export const REFUSAL_TEXT: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  426: 'Upgrade Required',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

/** Whatever keeps `authorize` waiting: it may be better soon. */
const LATE_RETRY_AFTER_S = 1;

/** `authorize`, which never throws and never takes longer than the deadline. */
export async function decideUpgrade<D>(
  handlers: SocketHandlers<D>,
  request: UpgradeRequest,
  deadlineMs: number,
): Promise<UpgradeVerdict<D>> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<UpgradeVerdict<D>>((resolve) => {
    timer = setTimeout(() => resolve({ refuse: 503, retryAfterS: LATE_RETRY_AFTER_S }), deadlineMs);
  });
  try {
    return await Promise.race([handlers.authorize(request), late]);
  } catch {
    return { refuse: 500 }; // `authorize` logs what it throws; here only the peer's answer is left to give
  } finally {
    clearTimeout(timer);
  }
}
