import { backoffMs, type Clock, RECONNECT } from './clock.ts';
import { type Closing, closingOf, waitBefore } from './close-codes.ts';
import { Emitter } from './emitter.ts';
import { HindsightError, isTemporary } from './error.ts';
import { Leaving } from './leaving.ts';
import type { Push, Welcome } from './model.ts';
import { OpenRequests, parseFrame } from './requests.ts';
import type { Session } from './session.ts';
import type { ConnectionState, SocketFactory, SocketLike, StopReason } from './socket-like.ts';

const WELCOME_TIMEOUT_MS = 10_000;
const ANSWER_TIMEOUT_MS = 15_000;
const PING_TIMEOUT_MS = 10_000;
/** A connection that lasted so long was a good one: the next trouble starts counting anew. */
const STABLE_MS = 5_000;
const DEFAULT_HEARTBEAT_MS = 30_000;
/** The close code of RFC 6455 for a frame that cannot be understood. */
const PROTOCOL_ERROR = 1002;

export type { ConnectionState, SocketFactory, SocketLike, StopReason } from './socket-like.ts';

interface SocketEvents {
  state: ConnectionState;
  welcome: Welcome;
  push: Push;
  stopped: StopReason;
  /** The connection is lost; the socket comes back by itself after so many milliseconds. */
  lost: { code: number; retryInMs: number };
}

/** One lasting connection out of many short ones: connects, asks, answers, pings, comes back. */
export class Socket {
  readonly events = new Emitter<SocketEvents>();
  readonly #session: Session;
  readonly #open: SocketFactory;
  readonly #clock: Clock;
  readonly #requests: OpenRequests;
  /** Connections from before a move, which still have something to answer. */
  readonly #leaving: Leaving;
  #state: ConnectionState = 'idle';
  #wire: SocketLike | null = null;
  /** On its way to another gateway, while the present connection still serves. */
  #next: SocketLike | null = null;
  /** Moves since the last connection that lasted. */
  #moves = 0;
  #welcome: Welcome | null = null;
  #movedTo: string | null = null;
  #attempt = 0;
  #failures = 0;
  #openedAt = 0;
  #token = '';
  #cancels = new Set<() => void>();

  constructor({ session, open, clock }: { session: Session; open: SocketFactory; clock: Clock }) {
    this.#session = session;
    this.#open = open;
    this.#clock = clock;
    this.#requests = new OpenRequests(clock);
    this.#leaving = new Leaving(this.#requests, clock);
    session.events.on('renewed', ({ accessToken }) => {
      this.#movedTo = null; // its address is the later word
      this.#authenticate(accessToken);
    });
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
    return this.#requests.ask<T>(wire, { op, fields, timeoutMs });
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
    this.#listen(wire);
  }

  #listen(wire: SocketLike): void {
    this.#timer(WELCOME_TIMEOUT_MS, () => this.#lost(wire, 1006));
    wire.addEventListener('message', (event: { data: unknown }) => this.#receive(wire, event.data));
    // Where its page may not connect there, a browser says no more than this: no close follows.
    wire.addEventListener('error', () => {
      if (wire !== this.#wire || this.#state === 'connecting') this.#lost(wire, 1006);
    });
    wire.addEventListener('close', (event: { code: number }) => this.#lost(wire, event.code));
  }

  #receive(wire: SocketLike, data: unknown): void {
    const ours = wire === this.#wire || wire === this.#next || this.#leaving.has(wire);
    if (!ours || typeof data !== 'string') return;
    const frame = parseFrame(data);
    if (!frame) return this.#lost(wire, PROTOCOL_ERROR);
    if ('ev' in frame) return this.#pushed(wire, frame);
    this.#requests.answered(frame);
    if (frame.ok && wire === this.#wire) this.#leaving.settle();
  }

  #pushed(wire: SocketLike, push: Push): void {
    if (push.ev === 'welcome') {
      if (wire === this.#next) this.#change(wire);
      return this.#welcomed(push);
    }
    // What a connection that was left still pushes comes on the present one too, after the last that was taken.
    if (wire !== this.#wire) return;
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
    const lasted = this.#clock.now() - this.#openedAt >= STABLE_MS;
    this.#moves = lasted ? 1 : this.#moves + 1;
    // Sent to and fro while slots change hands: slower with every time.
    const pauseMs = this.#moves > 1 ? backoffMs(this.#clock, this.#moves, RECONNECT) : 0;
    this.#timer(this.#clock.random() * afterMs * 0.8 + pauseMs, () => void this.#connectBeside(url));
  }

  /** What comes on the present connection until the other one is welcomed is as good as before. */
  async #connectBeside(url: string): Promise<void> {
    const from = this.#wire;
    if (this.#state !== 'open' || this.#next || url !== this.#movedTo) return;
    let wire: SocketLike;
    try {
      this.#token = await this.#session.access();
      wire = await this.#open(url, ['hindsight.v1', `bearer.${this.#token}`]);
    } catch {
      return; // the present connection will be closed, and whoever comes back goes to that address
    }
    if (from !== this.#wire || this.#next || this.#state !== 'open') return wire.close(1000);
    this.#next = wire;
    this.#listen(wire);
  }

  /** The other connection takes over. Sync asks on it from where it stands, so nothing comes twice or not at all. */
  #change(to: SocketLike): void {
    const from = this.#wire;
    this.#next = null;
    this.#wire = to;
    if (from) this.#leaving.add(from);
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
    if (this.#leaving.has(wire)) return this.#leaving.end(wire);
    if (wire === this.#next) {
      this.#next = null;
      return wire.close(1000);
    }
    if (wire !== this.#wire) return;
    if (this.#next) return this.#becomeNext(code);
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

  /** The present connection ended before the one beside it was welcomed: that one is all there is now. */
  #becomeNext(code: number): void {
    const from = this.#wire;
    this.#wire = this.#next;
    this.#next = null;
    if (from) this.#requests.reject(new HindsightError('disconnected', `the connection was lost (${code})`), from);
    this.#become('connecting');
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
    const waitMs = waitBefore(this.#clock, closing, attempt);
    if (attempt >= 2) this.#movedTo = null; // perhaps it is the new address that does not answer
    this.#become('waiting');
    this.#timer(waitMs, () => void this.#connect());
    this.events.emit('lost', { code, retryInMs: waitMs });
  }

  /** Forgets the present wire without waiting for its farewell: a dead network would never send one. */
  #drop(error: HindsightError, code: number): void {
    const wires = [this.#wire, this.#next];
    this.#wire = null;
    this.#next = null;
    this.#cancelTimers();
    this.#leaving.endAll();
    this.#requests.reject(error);
    for (const wire of wires) wire?.close(code);
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
