import { setTimeout as pause } from 'node:timers/promises';
import { withDeadline } from '../../../infra/system/deadline.ts';
import {
  type Frame,
  openSocket,
  renewSession,
  type SignedIn,
  signIn,
  type TestSocket,
} from '../../support/protocol-client.ts';
import { readBacklog } from './backlog.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { type FirstTried, Outbox } from './outbox.ts';
import { ANSWER_WITHIN_MS, overHttp, overSocket, type Post } from './sending.ts';

export interface ListenerOptions {
  readonly session: SignedIn;
  readonly chats: readonly string[];
  /** Gives up a connection on which nothing is answered, rather than to hold on to it until it is closed. */
  readonly impatient: boolean;
  readonly sendsBy: 'socket' | 'http';
  /** Whether it asks for what is said; else it only speaks. */
  readonly hears: boolean;
  /** Messages that wait for their answers at once. */
  readonly inFlightMax: number;
  readonly firstTried: FirstTried;
  /** Where to ask for a session, and to send over HTTP. */
  http(): string;
}

export interface Talk {
  readonly sendsPerS: number;
  /** The text of its n-th message. */
  text(n: number): string;
  /** No new one is begun while so many are not answered. */
  readonly unansweredMax: number;
}

const RECONNECT_MS = 200;
const RECONNECT_MAX_MS = 2_000;
const PING_EVERY_MS = 2_000;
const PATIENCE_MS = 5_000;

/**
 * A client that sees to itself: it connects to the gateway it was told of, moves when told so, comes back after a cut,
 * syncs from what it holds, sends until it is answered, and holds every event against the one before.
 */
export class Listener {
  readonly ledger: Ledger;
  readonly outbox: Outbox;
  reconnects = 0;
  resyncs = 0;
  /** The longest that a message took from its sender's first try until it was here, since this was last set to 0. */
  longestWaitMs = 0;
  /** What it is at, and since when. */
  doing = { what: 'nothing', since: performance.now() };
  session: SignedIn;
  /** Those that it hears. */
  readonly chats: readonly string[];
  /** Whether it begins new messages; those that are open are sent until they are answered all the same. */
  talking = true;
  private readonly options: ListenerOptions;
  private socket: TestSocket | null = null;
  /** Chats that are being read page by page, on this socket. */
  private reading = new Set<string>();
  private stopped = false;
  private renewing: Promise<void> | null = null;
  private running: Promise<unknown> = Promise.resolve();

  constructor(options: ListenerOptions) {
    const { session, inFlightMax, firstTried, http, sendsBy } = options;
    this.options = options;
    this.session = session;
    this.chats = options.hears ? options.chats : [];
    this.ledger = createLedger(session.username, this.chats);
    const byHttp = overHttp({ http, token: () => this.session.accessToken, renew: () => this.renew() });
    this.outbox = new Outbox({
      way: () => (sendsBy === 'http' ? byHttp : this.bySocket()),
      inFlightMax,
      firstTried,
      refused: (code) => this.ledger.note(`a send over ${sendsBy} was refused: ${code}`),
    });
  }

  /** Listens until stopped, and sends where it has something to say. */
  start(talk: Talk | null): void {
    this.running = Promise.all([this.listen(), this.watch(), talk && this.talk(talk)]);
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

  /**
   * The address of the gateway is part of a session's answer: asked for again where the old one does not answer. By one
   * at a time, for a token that is used twice ends the session.
   */
  private renew(): Promise<void> {
    this.renewing ??= this.renewed().finally(() => (this.renewing = null));
    return this.renewing;
  }

  private async renewed(): Promise<void> {
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
    this.reading = new Set();
    socket.onFrame((frame) => this.take(socket, frame));
    this.nowAt('syncing');
    if (!this.options.hears || (await this.sync(socket, this.chats))) this.nowAt('listening');
    else socket.cut();
  }

  private async sync(socket: TestSocket, chats: readonly string[]): Promise<boolean> {
    const asked = Object.fromEntries(chats.map((chatId) => [chatId, this.ledger.lastSeq(chatId)]));
    const answer = await within(socket.request('sync', { chats: asked })).catch(() => null);
    return answer?.['ok'] === true;
  }

  /** A gateway that stands still closes nothing, and one that hears nothing for long takes a client for gone. */
  private async watch(): Promise<void> {
    while (!this.stopped) {
      await pause(PING_EVERY_MS);
      const { socket } = this;
      if (!socket) continue;
      const answered = await within(socket.request('ping'), PATIENCE_MS).catch(() => null);
      if (answered || !this.options.impatient || socket !== this.socket || this.stopped) continue;
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
    } else if (frame['ev'] === 'resync') void this.resync(socket, frame);
    else if (frame['ev'] === 'gone') this.ledger.note('a chat of its is gone');
  }

  private async resync(socket: TestSocket, { all, chatId, reason }: Frame): Promise<void> {
    this.resyncs++;
    if (reason === 'epoch') this.ledger.note('a resync for another epoch');
    const told = all === true ? this.chats : [chatId as string];
    const chats = told.filter((one) => !this.reading.has(one)); // those are synced when they have been read
    if (chats.length === 0) return;
    if (reason === 'far-behind') await Promise.all(chats.map((one) => this.readOn(socket, one)));
    if (!(await this.sync(socket, chats))) socket.cut();
  }

  /** Nothing of the chat is pushed meanwhile; it ends with the socket. */
  private async readOn(socket: TestSocket, chatId: string): Promise<void> {
    const { reading } = this;
    reading.add(chatId);
    await readBacklog({
      chatId,
      http: this.options.http,
      token: () => this.session.accessToken,
      lastSeq: () => this.ledger.lastSeq(chatId),
      take: (event) => this.event(event),
      wanted: () => socket === this.socket && !this.stopped,
    });
    reading.delete(chatId);
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

  private async talk({ sendsPerS, text, unansweredMax }: Talk): Promise<void> {
    const { chats } = this.options;
    for (let n = 0; !this.stopped; n++) {
      if (this.talking && this.outbox.unanswered < unansweredMax) {
        this.outbox.add(chats[n % chats.length] as string, text(n));
      }
      this.outbox.send();
      await pause(1_000 / sendsPerS);
    }
  }

  private bySocket(): Post | null {
    return this.socket && overSocket(this.socket);
  }
}

const within = <T>(work: Promise<T>, ms: number = ANSWER_WITHIN_MS): Promise<T> =>
  withDeadline(work, ms, () => new Error('no answer'));
