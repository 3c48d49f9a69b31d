import { setTimeout as pause } from 'node:timers/promises';
import { createUlidFactory } from '../../../infra/system/ids.ts';
import {
  type Frame,
  openSocket,
  renewSession,
  type SignedIn,
  signIn,
  type TestSocket,
} from '../../support/protocol-client.ts';
import { type Acked, createLedger, type Ledger } from './ledger.ts';

interface Sent {
  readonly chatId: string;
  readonly text: string;
}

/** When messages were first tried, by id: what everybody's waits are counted from. */
export type FirstTried = Map<string, number>;

export interface ListenerOptions {
  readonly session: SignedIn;
  readonly chats: readonly string[];
  /** Gives up a connection on which nothing is answered, rather than to hold on to it until it is closed. */
  readonly impatient: boolean;
  readonly firstTried: FirstTried;
  /** Where to ask for a session. */
  http(): string;
}

const RECONNECT_MS = 200;
const RECONNECT_MAX_MS = 2_000;
const ANSWER_WITHIN_MS = 10_000;
const PING_EVERY_MS = 2_000;
const PATIENCE_MS = 5_000;
/** Messages that wait for their answers at once; what has to be sent again waits behind them. */
const OPEN_SENDS_MAX = 8;
const ulid = createUlidFactory();

/**
 * A client that sees to itself: it connects to the gateway it was told of, moves when told so, comes back after a cut,
 * syncs from what it holds, sends until it is answered, and holds every event against the one before.
 */
export class Listener {
  readonly ledger: Ledger;
  readonly acked = new Map<string, Acked>();
  reconnects = 0;
  resyncs = 0;
  /** The longest that a message took from its sender's first try until it was here, since this was last set to 0. */
  longestWaitMs = 0;
  /** The same until its sender was answered. */
  longestAckMs = 0;
  /** What it is at, and since when. */
  doing = { what: 'nothing', since: performance.now() };
  session: SignedIn;
  readonly chats: readonly string[];
  private readonly options: ListenerOptions;
  private socket: TestSocket | null = null;
  private stopped = false;
  private sending = true;
  /** When the latest of those was tried first that were answered. */
  private answeredOf = 0;
  private readonly open = new Map<string, Sent>();
  private readonly inFlight = new Set<string>();
  private running: Promise<unknown> = Promise.resolve();

  constructor(options: ListenerOptions) {
    this.options = options;
    this.session = options.session;
    this.chats = options.chats;
    this.ledger = createLedger(options.session.username, options.chats);
  }

  /** Listens, and sends so many messages a second, until stopped. */
  start(sendsPerS: number): void {
    this.running = Promise.all([this.listen(), this.send(sendsPerS), this.watch()]);
  }

  /** No more new messages; those that are open are sent until they are answered. */
  stopSending(): void {
    this.sending = false;
  }
  get unanswered(): number {
    return this.open.size;
  }
  /** Whether everything it tried before then (by `performance.now()`) is answered, and something it tried after that. */
  answeredSince(then: number): boolean {
    const { firstTried } = this.options;
    return this.answeredOf > then && [...this.open.keys()].every((id) => (firstTried.get(id) ?? 0) > then);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.socket?.cut();
    await this.running;
  }

  private async listen(): Promise<void> {
    for (let failures = 0; !this.stopped; ) {
      try {
        await this.connect();
        failures = 0;
        await this.socket?.closed;
      } catch (error) {
        failures++;
        this.nowAt(`renewing its session after ${String(error)}`);
        if (failures > 1) await this.renew();
      }
      this.socket = null;
      this.reconnects++;
      if (!this.stopped) await pause(Math.min(RECONNECT_MAX_MS, RECONNECT_MS * 2 ** failures));
    }
  }

  private nowAt(what: string): void {
    this.doing = { what, since: performance.now() };
  }

  /** The address of the gateway is part of a session's answer: asked for again where the old one does not answer. */
  private async renew(): Promise<void> {
    try {
      this.session = await within(renewSession(this.options.http(), this.session));
    } catch (error) {
      // A renewal whose answer was lost has used up the token.
      if (String(error).includes('401')) await this.signInAgain();
    }
  }

  private async signInAgain(): Promise<void> {
    try {
      this.session = await within(signIn(this.options.http(), this.session.username));
    } catch {
      // the next turn asks again
    }
  }

  private async connect(): Promise<void> {
    this.nowAt('connecting');
    const opening = openSocket(this.session.gateway, this.session.accessToken);
    const socket = await within(opening, this.options.impatient ? PATIENCE_MS : ANSWER_WITHIN_MS).catch((error) => {
      void opening.then((late) => late.cut()).catch(() => undefined); // nobody waits for it any more
      throw error;
    });
    this.socket = socket;
    socket.onFrame((frame) => this.take(socket, frame));
    this.nowAt('syncing');
    if (await this.sync(socket, this.chats)) this.nowAt('listening');
    else socket.cut();
  }

  private async sync(socket: TestSocket, chats: readonly string[]): Promise<boolean> {
    const asked = Object.fromEntries(chats.map((chatId) => [chatId, this.ledger.lastSeq(chatId)]));
    const answer = await within(socket.request('sync', { chats: asked })).catch(() => null);
    return answer?.['ok'] === true;
  }

  /** A gateway that stands still closes nothing. */
  private async watch(): Promise<void> {
    while (!this.stopped) {
      await pause(PING_EVERY_MS);
      const { socket } = this;
      if (!socket || !this.options.impatient) continue;
      const answered = await within(socket.request('ping'), PATIENCE_MS).catch(() => null);
      if (answered || socket !== this.socket || this.stopped) continue;
      await this.renew();
      socket.cut();
    }
  }

  private take(socket: TestSocket, frame: Frame): void {
    socket.frames.length = 0; // hours of them
    if (socket !== this.socket) return; // given up already
    if (frame['ev'] === 'event') this.event(frame);
    else if (frame['ev'] === 'moved') {
      this.session = { ...this.session, gateway: frame['url'] as string };
      socket.close();
    } else if (frame['ev'] === 'resync') {
      this.resyncs++;
      if (frame['reason'] === 'epoch') this.ledger.note('a resync for another epoch');
      const chats = frame['all'] === true ? this.chats : [frame['chatId'] as string];
      void this.sync(socket, chats).then((synced) => {
        if (!synced) socket.cut();
      });
    } else if (frame['ev'] === 'gone') this.ledger.note('a chat of its is gone');
  }

  private event(frame: Frame): void {
    const { messageId = null } = (frame['data'] ?? {}) as { messageId?: string };
    const isNew = this.ledger.take({
      chatId: frame['chatId'] as string,
      seq: frame['seq'] as number,
      messageId: frame['type'] === 'MessageSent' ? messageId : null,
    });
    const tried = messageId === null ? undefined : this.options.firstTried.get(messageId);
    if (isNew && tried !== undefined) this.longestWaitMs = Math.max(this.longestWaitMs, performance.now() - tried);
  }

  private async send(sendsPerS: number): Promise<void> {
    for (let n = 0; !this.stopped; n++) {
      if (this.sending) {
        const messageId = ulid();
        const chatId = this.chats[n % this.chats.length] as string;
        this.open.set(messageId, { chatId, text: `${this.session.username} ${n}` });
        this.options.firstTried.set(messageId, performance.now());
      }
      this.sendOpen();
      await pause(1_000 / sendsPerS);
    }
  }

  private sendOpen(): void {
    const { socket } = this;
    if (!socket) return;
    for (const [messageId, sent] of this.open) {
      if (this.inFlight.size >= OPEN_SENDS_MAX) return;
      if (!this.inFlight.has(messageId)) void this.sendOnce(socket, messageId, sent);
    }
  }

  private async sendOnce(socket: TestSocket, messageId: string, { chatId, text }: Sent): Promise<void> {
    this.inFlight.add(messageId);
    try {
      const answer = await within(socket.request('send', { chatId, messageId, text }));
      if (answer['ok'] === true) this.answered(messageId, { chatId, seq: answer['seq'] as number });
      else {
        const { code, retryable } = answer['error'] as { code: string; retryable: boolean };
        if (!retryable) this.ledger.note(`a send was refused: ${code}`);
      }
    } catch {
      // cut or silent: it stays open and is sent again
    } finally {
      this.inFlight.delete(messageId);
    }
  }

  private answered(messageId: string, acked: Acked): void {
    this.open.delete(messageId);
    this.acked.set(messageId, acked);
    const tried = this.options.firstTried.get(messageId) ?? 0;
    this.answeredOf = Math.max(this.answeredOf, tried);
    this.longestAckMs = Math.max(this.longestAckMs, performance.now() - tried);
  }
}

async function within<T>(work: Promise<T>, ms: number = ANSWER_WITHIN_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer')), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
