import type { Buffer } from 'node:buffer';
import { CLOSE } from '../errors.ts';
import type { GatewayCounters } from './counters.ts';
import { CORK_BYTES, OUTBOX_BYTES, OUTBOX_LOW_BYTES } from './limits.ts';
import type { SendResult, Socket } from './port.ts';

/** Whose frame it is: what is told when the frame had to be dropped. */
export interface FrameOwner {
  /** True once a frame of it was dropped: what follows is dropped too, until the client has asked anew. */
  readonly gapped: boolean;
  markGapped(): void;
  /** The frame that says so, sent when there is room again, and never dropped itself. */
  gapNotice(): Buffer;
}

/** The outboxes that have something to send, written together once a turn. */
export interface Flusher {
  /** All frames of a turn leave in one piece per socket: at the end of the turn, or by `flush` at once. */
  schedule(outbox: Outbox): void;
  flush(): void;
  readonly counters: GatewayCounters;
  /** Those for which something waits in memory. */
  readonly congested: Set<Outbox>;
}

/**
 * What waits to be sent to one socket. Live pushes have an owner and are dropped when too much waits; answers and
 * backlogs have none: they are paced by whoever makes them, and a socket that cannot take them is closed.
 */
export class Outbox {
  readonly #socket: Socket<unknown>;
  readonly #flusher: Flusher;
  readonly #frames: Buffer[] = [];
  readonly #owners: (FrameOwner | null)[] = [];
  readonly #notices = new Set<FrameOwner>();
  #waiters: (() => void)[] = [];
  #congested = false;
  #from = 0;
  #to = 0;
  #lastResult: SendResult = 'sent';

  constructor(socket: Socket<unknown>, flusher: Flusher) {
    this.#socket = socket;
    this.#flusher = flusher;
  }

  get congested(): boolean {
    return this.#congested;
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedBytes();
  }

  push(frame: Buffer, owner: FrameOwner | null): void {
    if (this.#frames.length === 0) this.#flusher.schedule(this);
    this.#frames.push(frame);
    this.#owners.push(owner);
  }

  /** Resolves when a backlog may go on; false where the socket has closed. */
  async writable(): Promise<boolean> {
    if (this.#frames.length > 0) this.flush();
    while (this.#socket.open && this.#congested && this.#socket.bufferedBytes() > OUTBOX_LOW_BYTES) {
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
    return this.#socket.open;
  }

  flush(): void {
    const total = this.#frames.length;
    for (this.#from = 0; this.#from < total && this.#socket.open; this.#from = this.#to) {
      let bytes = 0;
      this.#to = this.#from;
      while (this.#to < total && bytes < CORK_BYTES) bytes += this.#frames[this.#to++]?.length ?? 0;
      if (this.#to - this.#from === 1) this.#write();
      else this.#socket.cork(this.#write);
      // One frame that went out at once left nothing behind: the common case, spared a call into the library.
      if (this.#to - this.#from > 1 || this.#congested || this.#lastResult !== 'sent') this.#weigh();
    }
    this.#frames.length = 0;
    this.#owners.length = 0;
  }

  readonly #write = (): void => {
    let waiting = this.#congested ? this.#socket.bufferedBytes() : 0;
    const { counters } = this.#flusher;
    for (let i = this.#from; i < this.#to; i++) {
      const frame = this.#frames[i] as Buffer;
      const owner = this.#owners[i] ?? null;
      if (owner !== null && (owner.gapped || waiting + frame.length > OUTBOX_BYTES)) {
        this.#drop(owner);
        continue;
      }
      const result = this.#socket.send(frame);
      this.#lastResult = result;
      if (result === 'dropped') return this.#socket.close(CLOSE.tooMany, 'reads too slowly');
      if (this.#congested) waiting += frame.length;
      counters.framesOut += 1;
      counters.bytesOut += frame.length;
    }
  };

  #drop(owner: FrameOwner): void {
    if (owner.gapped) return;
    owner.markGapped();
    this.#notices.add(owner);
  }

  #weigh(): void {
    this.#congested = this.#socket.bufferedBytes() > 0;
    if (this.#congested) this.#flusher.congested.add(this);
    else this.#flusher.congested.delete(this);
  }

  /** The socket has taken some of what waited. */
  drained(): void {
    this.#weigh();
    if (this.#congested && this.#socket.bufferedBytes() > OUTBOX_LOW_BYTES) return;
    const owners = [...this.#notices];
    this.#notices.clear();
    for (const owner of owners) this.push(owner.gapNotice(), null);
    this.#wake();
  }

  closed(): void {
    this.#frames.length = 0;
    this.#owners.length = 0;
    this.#notices.clear();
    this.#flusher.congested.delete(this);
    this.#wake();
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resume of waiters) resume();
  }
}

export function createFlusher(counters: () => GatewayCounters): Flusher {
  let dirty: Outbox[] = [];
  let scheduled = false;
  const flush = (): void => {
    const outboxes = dirty;
    dirty = [];
    for (const outbox of outboxes) outbox.flush();
  };
  return {
    congested: new Set(),
    get counters() {
      return counters();
    },
    schedule(outbox) {
      dirty.push(outbox);
      if (scheduled) return;
      scheduled = true;
      setImmediate(() => {
        scheduled = false;
        flush();
      });
    },
    flush,
  };
}
