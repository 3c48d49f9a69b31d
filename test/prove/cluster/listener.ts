import { setTimeout as pause } from 'node:timers/promises';
import { createUlidFactory } from '../../../infra/system/ids.ts';
import { type Frame, openSocket, type SignedIn, signIn, type TestSocket } from '../../support/protocol-client.ts';

/** What went wrong for one listener: all of it has to be nothing. */
export interface Wrongs {
  lost: number;
  duplicated: number;
  reordered: number;
  first: string | null;
}

interface Sent {
  readonly chatId: string;
  readonly text: string;
  readonly firstTried: number;
}

export interface Acked {
  readonly chatId: string;
  readonly seq: number;
}

const RECONNECT_MS = 200;
const ANSWER_WITHIN_MS = 10_000;
const ulid = createUlidFactory();

/**
 * A client that sees to itself: it connects to the gateway it was told of, moves when told so, comes back after a cut,
 * syncs from what it holds, sends until it is answered, and holds every event against the one before.
 */
export class Listener {
  readonly lastSeq = new Map<string, number>();
  readonly seen = new Map<string, Set<string>>();
  readonly acked = new Map<string, Acked>();
  readonly wrongs: Wrongs = { lost: 0, duplicated: 0, reordered: 0, first: null };
  /** The longest time without an event, since it was last set to 0. */
  longestSilenceMs = 0;
  events = 0;
  reconnects = 0;
  resyncs = 0;
  private lastEventAt = performance.now();
  private session: SignedIn;
  private readonly http: () => string;
  private readonly chats: readonly string[];
  private socket: TestSocket | null = null;
  private stopped = false;
  private readonly open = new Map<string, Sent>();
  private running: Promise<unknown> = Promise.resolve();

  constructor(session: SignedIn, chats: readonly string[], http: () => string) {
    this.session = session;
    this.chats = chats;
    this.http = http;
    for (const chatId of chats) {
      this.lastSeq.set(chatId, 0);
      this.seen.set(chatId, new Set());
    }
  }

  /** Listens, and sends so many messages a second, until stopped. */
  start(sendsPerS: number): void {
    this.running = Promise.all([this.listen(), this.send(sendsPerS)]);
  }

  /** No more new messages; those that are open are sent until they are answered. */
  stopSending(): void {
    this.sending = false;
  }
  private sending = true;
  get unanswered(): number {
    return this.open.size;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.socket?.cut();
    await this.running;
  }

  silence(): number {
    return Math.max(this.longestSilenceMs, performance.now() - this.lastEventAt);
  }

  forgetSilence(): void {
    this.longestSilenceMs = 0;
    this.lastEventAt = performance.now();
  }

  private async listen(): Promise<void> {
    while (!this.stopped) {
      try {
        await this.connect();
        await this.socket?.closed;
      } catch {
        await this.signInAgain();
      }
      this.socket = null;
      this.reconnects++;
      if (!this.stopped) await pause(RECONNECT_MS);
    }
  }

  /** The address of the gateway is part of a session's answer: asked for again where the old one does not answer. */
  private async signInAgain(): Promise<void> {
    try {
      this.session = await within(signIn(this.http(), this.session.username));
    } catch {
      // the next turn asks again
    }
  }

  private async connect(): Promise<void> {
    const socket = await within(openSocket(this.session.gateway, this.session.accessToken));
    this.socket = socket;
    socket.onFrame((frame) => this.take(socket, frame));
    if (!(await this.sync(socket, this.chats))) socket.cut();
  }

  private async sync(socket: TestSocket, chats: readonly string[]): Promise<boolean> {
    const asked = Object.fromEntries(chats.map((chatId) => [chatId, this.lastSeq.get(chatId) ?? 0]));
    const answer = await within(socket.request('sync', { chats: asked })).catch(() => null);
    return answer?.['ok'] === true;
  }

  private take(socket: TestSocket, frame: Frame): void {
    if (frame['ev'] === 'event') this.event(frame);
    else if (frame['ev'] === 'moved') {
      this.session = { ...this.session, gateway: frame['url'] as string };
      socket.close();
    } else if (frame['ev'] === 'resync') {
      this.resyncs++;
      const chats = frame['all'] === true ? this.chats : [frame['chatId'] as string];
      void this.sync(socket, chats).then((synced) => {
        if (!synced) socket.cut();
      });
    }
  }

  private event(frame: Frame): void {
    const chatId = frame['chatId'] as string;
    const seq = frame['seq'] as number;
    const last = this.lastSeq.get(chatId) ?? 0;
    if (seq !== last + 1) {
      const wrong = `${this.session.username}: seq ${seq} after ${last} in ${chatId}`;
      this.wrongs.first ??= wrong;
      if (seq > last + 1) this.wrongs.lost += seq - last - 1;
      else if (seq === last) this.wrongs.duplicated++;
      else this.wrongs.reordered++;
    }
    this.lastSeq.set(chatId, Math.max(last, seq));
    const now = performance.now();
    this.longestSilenceMs = Math.max(this.longestSilenceMs, now - this.lastEventAt);
    this.lastEventAt = now;
    this.events++;
    const { messageId } = frame['data'] as { messageId?: string };
    if (frame['type'] !== 'MessageSent' || messageId === undefined) return;
    const seen = this.seen.get(chatId);
    if (seen?.has(messageId)) this.wrongs.duplicated++;
    seen?.add(messageId);
  }

  private async send(sendsPerS: number): Promise<void> {
    for (let n = 0; !this.stopped; n++) {
      if (this.sending) {
        const chatId = this.chats[n % this.chats.length] as string;
        this.open.set(ulid(), { chatId, text: `${this.session.username} ${n}`, firstTried: performance.now() });
      }
      const { socket } = this;
      if (socket) for (const [messageId, sent] of this.open) this.sendOnce(socket, messageId, sent);
      await pause(1_000 / sendsPerS);
    }
  }

  private readonly inFlight = new Set<string>();
  private sendOnce(socket: TestSocket, messageId: string, { chatId, text }: Sent): void {
    if (this.inFlight.has(messageId)) return;
    this.inFlight.add(messageId);
    within(socket.request('send', { chatId, messageId, text }))
      .then((answer) => {
        if (answer['ok'] === true) {
          this.acked.set(messageId, { chatId, seq: answer['seq'] as number });
          this.open.delete(messageId);
          return;
        }
        const { code, retryable } = answer['error'] as { code: string; retryable: boolean };
        if (!retryable) this.wrongs.first ??= `a send was refused: ${code}`;
      })
      .catch(() => undefined) // cut or silent: it stays open and is sent again
      .finally(() => this.inFlight.delete(messageId));
  }
}

async function within<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer')), ANSWER_WITHIN_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
