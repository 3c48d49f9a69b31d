import { backoffMs, type Clock, RECONNECT } from './clock.ts';
import { type Closing, closingOf } from './close-codes.ts';
import { Emitter } from './emitter.ts';
import { HindsightError, isTemporary, toCode } from './error.ts';
import type { Push, Welcome } from './model.ts';
import type { Session } from './session.ts';

const WELCOME_TIMEOUT_MS = 10_000;
const ANSWER_TIMEOUT_MS = 15_000;
const PING_TIMEOUT_MS = 10_000;
/** A connection that lasted so long was a good one: the next trouble starts counting anew. */
const STABLE_MS = 5_000;
const DEFAULT_HEARTBEAT_MS = 30_000;
/** The close code of RFC 6455 for a frame that cannot be understood. */
const PROTOCOL_ERROR = 1002;

/** The part of a WebSocket that browsers, `ws` and the fakes of tests have in common. */
export interface SocketLike {
  send(data: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: 'open' | 'message' | 'close' | 'error', listener: (event: never) => void): void;
}
export type SocketFactory = (url: string, protocols: string[]) => SocketLike | Promise<SocketLike>;

export type ConnectionState = 'idle' | 'connecting' | 'open' | 'waiting' | 'stopped';
export type StopReason = 'closed' | 'replaced' | 'forbidden' | 'signed-out';

interface SocketEvents {
  state: ConnectionState;
  welcome: Welcome;
  push: Push;
  stopped: StopReason;
  /** The connection is lost; the socket comes back by itself after so many milliseconds. */
  lost: { code: number; retryInMs: number };
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: HindsightError): void;
  cancel(): void;
}

type Frame =
  | Push
  | { id: number; ok: true }
  | { id: number; ok: false; error: { code: string; message: string; retryable: boolean } };

/** One lasting connection out of many short ones: connects, asks, answers, pings, comes back. */
export class Socket {
  readonly events = new Emitter<SocketEvents>();
  readonly #session: Session;
  readonly #open: SocketFactory;
  readonly #clock: Clock;
  readonly #pending = new Map<number, Pending>();
  #state: ConnectionState = 'idle';
  #wire: SocketLike | null = null;
  #welcome: Welcome | null = null;
  #movedTo: string | null = null;
  #nextId = 1;
  #attempt = 0;
  #failures = 0;
  #openedAt = 0;
  #token = '';
  #cancels = new Set<() => void>();

  constructor({ session, open, clock }: { session: Session; open: SocketFactory; clock: Clock }) {
    this.#session = session;
    this.#open = open;
    this.#clock = clock;
    session.events.on('renewed', ({ accessToken }) => this.#authenticate(accessToken));
    session.events.on('ended', () => this.stop('signed-out'));
  }

  get state(): ConnectionState {
    return this.#state;
  }
  get welcome(): Welcome | null {
    return this.#welcome;
  }

  start(): void {
    if (this.#state !== 'idle' && this.#state !== 'stopped') return;
    this.#failures = 0;
    void this.#connect();
  }

  /** Waiting to come back? Do it now: the network has just returned. */
  wake(): void {
    if (this.#state === 'waiting') void this.#connect();
  }

  stop(reason: StopReason = 'closed'): void {
    if (this.#state === 'stopped' || this.#state === 'idle') return;
    this.#drop(new HindsightError('closed', 'the connection was closed'), 1000);
    this.#become('stopped');
    this.events.emit('stopped', reason);
  }

  /** Asks the server. Rejects at once where there is no connection; an outcome that is not known is `retryable`. */
  request<T>(op: string, fields: object = {}, timeoutMs: number = ANSWER_TIMEOUT_MS): Promise<T> {
    const wire = this.#wire;
    if (this.#state !== 'open' || !wire) return Promise.reject(new HindsightError('offline', 'not connected'));
    const id = this.#nextId++;
    return new Promise<T>((resolve, reject) => {
      const cancel = this.#clock.after(timeoutMs, () => {
        this.#pending.delete(id);
        reject(new HindsightError('timeout', `${op}: no answer within ${timeoutMs} ms`));
      });
      this.#pending.set(id, { resolve: resolve as (value: unknown) => void, reject, cancel });
      wire.send(JSON.stringify({ id, op, ...fields }));
    });
  }

  async #connect(): Promise<void> {
    this.#drop(new HindsightError('disconnected', 'connecting anew'), 1000);
    this.#become('connecting');
    const attempt = ++this.#attempt;
    const overtaken = (): boolean => attempt !== this.#attempt || this.#state !== 'connecting';
    let wire: SocketLike;
    try {
      this.#token = await this.#session.access();
      const url = this.#movedTo ?? this.#session.gatewayUrl ?? '';
      wire = await this.#open(url, ['hindsight.v1', `bearer.${this.#token}`]);
    } catch (error) {
      if (overtaken()) return;
      if (isTemporary(error)) return this.#comeBack({ code: 0, closing: 'backoff' });
      return this.stop('signed-out');
    }
    if (overtaken()) return wire.close(1000);
    this.#wire = wire;
    this.#timer(WELCOME_TIMEOUT_MS, () => this.#lost(wire, 1006));
    wire.addEventListener('message', (event: { data: unknown }) => this.#receive(wire, event.data));
    wire.addEventListener('close', (event: { code: number }) => this.#lost(wire, event.code));
  }

  #receive(wire: SocketLike, data: unknown): void {
    if (wire !== this.#wire || typeof data !== 'string') return;
    const frame = parseFrame(data);
    if (!frame) return this.#lost(wire, PROTOCOL_ERROR);
    if ('ev' in frame) return this.#pushed(frame);
    const pending = this.#pending.get(frame.id);
    if (!pending) return; // answered after its deadline
    this.#pending.delete(frame.id);
    pending.cancel();
    if (frame.ok) return pending.resolve(frame);
    const { code, message, retryable } = frame.error;
    pending.reject(new HindsightError(toCode(code, retryable), message, { retryable }));
  }

  #pushed(push: Push): void {
    if (push.ev === 'welcome') return this.#welcomed(push);
    if (push.ev === 'moved') this.#move(push);
    this.events.emit('push', push);
  }

  #welcomed(welcome: Welcome): void {
    this.#cancelTimers();
    this.#welcome = welcome;
    this.#openedAt = this.#clock.now();
    this.#become('open');
    this.#beat(welcome.heartbeatMs > 0 ? welcome.heartbeatMs : DEFAULT_HEARTBEAT_MS);
    this.events.emit('welcome', welcome);
  }

  /** Two in a heartbeat, so that one that is late does not end the connection. */
  #beat(heartbeatMs: number): void {
    const wire = this.#wire;
    this.#timer(heartbeatMs / 2, () => {
      this.request('ping', {}, Math.min(PING_TIMEOUT_MS, heartbeatMs)).then(
        () => wire === this.#wire && this.#beat(heartbeatMs),
        (error: unknown) => {
          const silent = error instanceof HindsightError && error.code === 'timeout';
          if (silent && wire) this.#lost(wire, 1006);
          else if (wire && wire === this.#wire) this.#beat(heartbeatMs);
        },
      );
    });
  }

  /** Somewhere within the time that we are still served here, so that not everyone moves at once. */
  #move({ url, afterMs }: { url: string; afterMs: number }): void {
    this.#movedTo = url;
    this.#timer(this.#clock.random() * afterMs * 0.8, () => void this.#connect());
  }

  #authenticate(accessToken: string): void {
    this.#token = accessToken;
    if (this.#state !== 'open') return;
    const wire = this.#wire;
    this.request('auth', { accessToken }).catch(() => {
      if (wire && wire === this.#wire) this.#lost(wire, 1006); // not taken: a new connection carries the new token
    });
  }

  #lost(wire: SocketLike, code: number): void {
    if (wire !== this.#wire) return;
    const neverOpen = this.#state === 'connecting';
    if (!neverOpen && this.#clock.now() - this.#openedAt >= STABLE_MS) this.#failures = 0;
    this.#drop(new HindsightError('disconnected', `the connection was lost (${code})`), 1000);
    const closing = closingOf(code);
    if (closing === 'replaced' || closing === 'forbidden') {
      this.#become('stopped');
      this.events.emit('stopped', closing);
      return;
    }
    // A browser does not say why an upgrade failed: a refused token looks like a server that is away.
    const refused = closing === 'renew' || (neverOpen && this.#failures > 0);
    if (refused) return this.#renewThenComeBack(code);
    this.#comeBack({ code, closing });
  }

  #renewThenComeBack(code: number): void {
    this.#become('waiting');
    this.#session.renew(this.#token).then(
      () => this.#state === 'waiting' && this.#comeBack({ code, closing: 'renew' }),
      (error: unknown) => {
        if (this.#state !== 'waiting') return;
        if (isTemporary(error)) this.#comeBack({ code, closing: 'backoff' });
        else this.stop('signed-out');
      },
    );
  }

  #comeBack({ code, closing }: { code: number; closing: Closing }): void {
    const attempt = this.#failures++;
    const retryInMs = attempt > 0 || closing === 'backoff' ? backoffMs(this.#clock, attempt, RECONNECT) : 0;
    const waitMs =
      closing === 'soon'
        ? Math.max(retryInMs, this.#clock.random() * 1_000)
        : closing === 'slower'
          ? retryInMs + 5_000
          : retryInMs;
    if (attempt >= 2) this.#movedTo = null; // perhaps it is the new address that does not answer
    this.#become('waiting');
    this.#timer(waitMs, () => void this.#connect());
    this.events.emit('lost', { code, retryInMs: waitMs });
  }

  /** Forgets the present wire without waiting for its farewell: a dead network would never send one. */
  #drop(error: HindsightError, code: number): void {
    const wire = this.#wire;
    this.#wire = null;
    this.#cancelTimers();
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { cancel, reject } of pending) {
      cancel();
      reject(error);
    }
    wire?.close(code);
  }

  #timer(ms: number, task: () => void): void {
    const cancel = this.#clock.after(ms, () => {
      this.#cancels.delete(cancel);
      task();
    });
    this.#cancels.add(cancel);
  }

  #cancelTimers(): void {
    for (const cancel of this.#cancels) cancel();
    this.#cancels = new Set();
  }

  #become(state: ConnectionState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.events.emit('state', state);
  }
}

function parseFrame(data: string): Frame | null {
  try {
    const frame: unknown = JSON.parse(data);
    return typeof frame === 'object' && frame !== null ? (frame as Frame) : null;
  } catch {
    return null; // whatever speaks there is no gateway
  }
}
