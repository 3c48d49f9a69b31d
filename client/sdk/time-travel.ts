import type { Api, MessagesOptions } from './api.ts';
import type { Diff, MessagePage, Point, Push, SeenEvent, Version } from './model.ts';
import type { Socket } from './socket.ts';

export interface ReplayRange {
  chatId: string;
  /** Exclusive: the view that the events go on from is the one as of here. */
  from: Point;
  /** Inclusive; the present where left out. */
  to?: Point;
  /** 1 is as it happened, 10 ten times as fast, 0 as fast as it can be read. */
  speed?: number;
  /** Longer pauses between two events are shortened to this. */
  maxGapMs?: number;
}

export type ReplayEnd = 'end' | 'stopped' | 'forbidden' | 'error' | 'disconnected';

export interface ReplayListener {
  event(event: SeenEvent): void;
  end(reason: ReplayEnd): void;
}

type ReplayPush = Extract<Push, { replayId: string }>;

/** A stretch of a chat that happens again. */
export class Replay {
  readonly replayId: string;
  readonly #socket: Socket;
  readonly #listener: ReplayListener;
  #seeks = 0;
  #ended = false;

  constructor(replayId: string, { socket, listener }: { socket: Socket; listener: ReplayListener }) {
    this.replayId = replayId;
    this.#socket = socket;
    this.#listener = listener;
  }

  get ended(): boolean {
    return this.#ended;
  }

  pause(): Promise<void> {
    return this.#control({ action: 'pause' });
  }
  /** Goes on, with another speed where one is given. */
  resume(speed?: number): Promise<void> {
    return this.#control({ action: 'resume', ...(speed === undefined ? {} : { speed }) });
  }
  /** Jumps: load the messages as of there; what comes after this resolves goes on from them. */
  async seek(to: Point): Promise<void> {
    this.#seeks++; // what still comes from the old place is dropped
    try {
      await this.#control({ action: 'seek', to });
    } finally {
      this.#seeks--;
    }
  }
  stop(): Promise<void> {
    return this.#ended ? Promise.resolve() : this.#control({ action: 'stop' });
  }

  /** Called with what the server pushes under this replay's id. */
  take(push: ReplayPush): void {
    if (push.ev === 'replay-end') return this.end(push.reason);
    if (this.#ended || this.#seeks > 0) return;
    const { ev: _, replayId: __, ...event } = push;
    this.#listener.event(event as SeenEvent);
  }

  end(reason: ReplayEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#listener.end(reason);
  }

  async #control(fields: object): Promise<void> {
    await this.#socket.request('replay-control', { replayId: this.replayId, ...fields });
  }
}

/** The past of a chat: as it stood, how it came to be, what changed between. */
export class TimeTravel {
  readonly #api: Api;
  readonly #socket: Socket;
  readonly #replays = new Map<string, Replay>();
  /** Pushes that came before the answer that names their replay. */
  #early: ReplayPush[] = [];
  #starting = 0;

  constructor({ api, socket }: { api: Api; socket: Socket }) {
    this.#api = api;
    this.#socket = socket;
    socket.events.on('push', (push) => {
      if (push.ev === 'replay' || push.ev === 'replay-end') this.#pushed(push);
    });
    socket.events.on('state', (state) => state !== 'open' && this.#endAll());
    socket.events.on('welcome', () => this.#endAll()); // by a move, without a pause between
  }

  messages(chatId: string, asOf: Point, page: Omit<MessagesOptions, 'asOf'> = {}): Promise<MessagePage> {
    return this.#api.messages(chatId, { ...page, asOf });
  }
  diff(chatId: string, from: Point, to: Point): Promise<Diff> {
    return this.#api.diff(chatId, { from, to });
  }
  async versions(chatId: string, messageId: string): Promise<Version[]> {
    return (await this.#api.versions(chatId, messageId)).versions;
  }

  async replay(range: ReplayRange, listener: ReplayListener): Promise<Replay> {
    this.#starting++;
    const { welcome } = this.#socket;
    try {
      const { replayId } = await this.#socket.request<{ replayId: string }>('replay', range);
      const replay = new Replay(replayId, { socket: this.#socket, listener });
      if (this.#socket.welcome !== welcome) {
        replay.end('disconnected'); // it ends with the connection that has just been left
        return replay;
      }
      this.#replays.set(replayId, replay);
      const early = this.#early.filter((push) => push.replayId === replayId);
      this.#early = this.#early.filter((push) => push.replayId !== replayId);
      for (const push of early) this.#pushed(push);
      return replay;
    } finally {
      this.#starting--;
    }
  }

  #pushed(push: ReplayPush): void {
    const replay = this.#replays.get(push.replayId);
    if (push.ev === 'replay-end') this.#replays.delete(push.replayId);
    if (replay) replay.take(push);
    else if (this.#starting > 0) this.#early.push(push);
  }

  #endAll(): void {
    for (const replay of this.#replays.values()) replay.end('disconnected');
    this.#replays.clear();
    this.#early = [];
  }
}
