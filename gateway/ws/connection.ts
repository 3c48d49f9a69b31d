import type { LogPosition } from '../../events/event-store.ts';
import type { ChatId, UserId } from '../../events/ids.ts';
import type { Principal } from '../auth/api.ts';
import type { Flow, Receiver } from './hub/room.ts';
import { type Flusher, Outbox } from './outbox.ts';
import type { Socket } from './port.ts';
import type { Bucket } from './rate.ts';
import type { Replay } from './replay/replay.ts';
import type { Services } from './services.ts';
import { createPump, type Pump } from './sync/pump.ts';

/** What authorization hands to a socket. */
export interface Admission {
  principal: Principal;
  readonly address: string;
  /** Where the log ended when the socket was let in; null: wherever the feed is. */
  readonly head: LogPosition | null;
  /** Set once the socket is open. */
  connection: Connection | null;
}

export interface ConnectionParts {
  readonly socket: Socket<Admission>;
  readonly services: Services;
  readonly flusher: Flusher;
  readonly frameLimit: FrameLimit | null;
  readonly commandLimit: Bucket | null;
}

/** Frames of a socket, and how often they may exceed that before it is closed. */
export interface FrameLimit {
  readonly frames: Bucket;
  readonly strikes: Bucket;
}

/** One signed-in socket: what it may do, what it does, what it was sent. */
export class Connection implements Receiver {
  readonly socket: Socket<Admission>;
  readonly userId: UserId;
  readonly outbox: Outbox;
  readonly flows = new Map<ChatId, Flow>();
  readonly frameLimit: FrameLimit | null;
  /** Shared by the user's sockets. */
  readonly commandLimit: Bucket | null;
  readonly #services: Services;
  /** Made when they are first asked for: most sockets never need them, and there are many sockets. */
  #replays: Map<string, Replay> | null = null;
  #pump: Pump | null = null;
  principal: Principal;
  /** "From now on" is after it. */
  readonly openedAt: LogPosition;
  commandsOpen = 0;
  readsOpen = 0;
  lastFrameAt: number;
  unreadableInARow = 0;
  /** One `sync` at a time: the next begins when this is settled. */
  syncing: Promise<unknown> = Promise.resolve();
  /** Chats named so far in a sync of several calls. */
  readonly namedInSync = new Set<ChatId>();

  constructor({ socket, services, flusher, frameLimit, commandLimit }: ConnectionParts) {
    this.socket = socket;
    this.#services = services;
    this.principal = socket.data.principal;
    this.userId = this.principal.userId;
    this.outbox = new Outbox(socket, flusher);
    this.frameLimit = frameLimit;
    this.commandLimit = commandLimit;
    this.openedAt = Math.max(socket.data.head ?? 0, services.hub.position());
    this.lastFrameAt = services.clock();
  }

  get replays(): Map<string, Replay> {
    this.#replays ??= new Map();
    return this.#replays;
  }

  get pump(): Pump {
    this.#pump ??= createPump(this.#services, this);
    return this.#pump;
  }

  catchUp(flow: Flow): void {
    void this.pump.catchUp(flow, false);
  }

  countSlow(): void {
    this.#services.counters.resyncs.slow += 1;
  }

  close(code: number, reason: string): void {
    this.outbox.flush(); // what was decided before the end is still said
    this.socket.close(code, reason);
  }
}
