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
  /** The frame that says so, sent when there is room again, and never dropped itself; null where nobody needs it any more. */
  gapNotice(): Buffer | null;
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

/** Frames on their way to one socket. Kept and used again: most sockets have none most of the time. */
interface Batch {
  readonly frames: (Buffer | null)[];
  readonly owners: (FrameOwner | null)[];
  count: number;
}

const SPARE_BATCHES_MAX = 4_096;
const spare: Batch[] = [];

/** What is being written, for one function that serves all sockets: a closure per socket would be memory per socket. */
let writing: { outbox: Outbox; batch: Batch; from: number; to: number } | null = null;
const writePiece = (): void => {
  if (writing) writing.outbox.write(writing);
};

/**
 * What waits to be sent to one socket. Live pushes have an owner and are dropped when too much waits; answers and
 * backlogs have none: they are paced by whoever makes them, and a socket that cannot take them is closed.
 */
export class Outbox {
  readonly #socket: Socket<unknown>;
  readonly #flusher: Flusher;
  #batch: Batch | null = null;
  #notices: Set<FrameOwner> | null = null;
  #waiters: (() => void)[] | null = null;
  #congested = false;
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
    let batch = this.#batch;
    if (batch === null) {
      batch = spare.pop() ?? { frames: [], owners: [], count: 0 };
      this.#batch = batch;
      this.#flusher.schedule(this);
    }
    batch.frames[batch.count] = frame;
    batch.owners[batch.count] = owner;
    batch.count += 1;
  }

  /** Resolves when a backlog may go on; false where the socket has closed. */
  async writable(): Promise<boolean> {
    this.flush();
    while (this.#socket.open && this.#congested && this.#socket.bufferedBytes() > OUTBOX_LOW_BYTES) {
      await new Promise<void>((resolve) => {
        this.#waiters ??= [];
        this.#waiters.push(resolve);
      });
    }
    return this.#socket.open;
  }

  flush(): void {
    const batch = this.#batch;
    if (batch === null) return;
    this.#batch = null;
    if (batch.count === 1) this.write({ batch, from: 0, to: 1 });
    else this.#writePieces(batch);
    empty(batch);
    if (spare.length < SPARE_BATCHES_MAX) spare.push(batch);
    // One frame that went out at once left nothing behind: the common case, spared a call into the library.
    if (this.#congested || this.#lastResult !== 'sent') this.#weigh();
  }

  #writePieces(batch: Batch): void {
    for (let from = 0; from < batch.count && this.#socket.open; ) {
      let to = from;
      for (let bytes = 0; to < batch.count && bytes < CORK_BYTES; to++) bytes += batch.frames[to]?.length ?? 0;
      writing = { outbox: this, batch, from, to };
      this.#socket.cork(writePiece);
      writing = null;
      this.#weigh();
      from = to;
    }
  }

  write({ batch, from, to }: { batch: Batch; from: number; to: number }): void {
    let waiting = this.#congested ? this.#socket.bufferedBytes() : 0;
    let frames = 0;
    let bytes = 0;
    for (let i = from; i < to; i++) {
      const frame = batch.frames[i] as Buffer;
      const owner = batch.owners[i] ?? null;
      if (owner !== null && (owner.gapped || waiting + frame.length > OUTBOX_BYTES)) {
        this.#drop(owner);
        continue;
      }
      this.#lastResult = this.#socket.send(frame);
      if (this.#lastResult === 'dropped') return this.#socket.close(CLOSE.tooMany, 'reads too slowly');
      if (this.#congested) waiting += frame.length;
      frames += 1;
      bytes += frame.length;
    }
    const { counters } = this.#flusher;
    counters.framesOut += frames;
    counters.bytesOut += bytes;
  }

  #drop(owner: FrameOwner): void {
    if (owner.gapped) return;
    owner.markGapped();
    this.#notices ??= new Set();
    this.#notices.add(owner);
  }

  #weigh(): void {
    const congested = this.#socket.bufferedBytes() > 0;
    if (congested === this.#congested) return;
    this.#congested = congested;
    if (congested) this.#flusher.congested.add(this);
    else this.#flusher.congested.delete(this);
  }

  /** The socket has taken some of what waited. */
  drained(): void {
    this.#weigh();
    if (this.#congested && this.#socket.bufferedBytes() > OUTBOX_LOW_BYTES) return;
    const owners = this.#notices;
    this.#notices = null;
    for (const owner of owners ?? []) {
      const notice = owner.gapNotice();
      if (notice) this.push(notice, null);
    }
    this.#wake();
  }

  closed(): void {
    if (this.#batch) empty(this.#batch);
    this.#notices = null;
    this.#flusher.congested.delete(this);
    this.#wake();
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = null;
    for (const resume of waiters ?? []) resume();
  }
}

/** A batch that is used again must not keep alive what it held. */
function empty(batch: Batch): void {
  for (let i = 0; i < batch.count; i++) {
    batch.frames[i] = null;
    batch.owners[i] = null;
  }
  batch.count = 0;
}

export function createFlusher(counters: () => GatewayCounters): Flusher {
  let dirty: Outbox[] = [];
  let other: Outbox[] = [];
  let scheduled = false;
  const flush = (): void => {
    const outboxes = dirty;
    dirty = other;
    for (const outbox of outboxes) outbox.flush();
    outboxes.length = 0;
    other = outboxes;
  };
  const endOfTurn = (): void => {
    scheduled = false;
    flush();
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
      setImmediate(endOfTurn);
    },
    flush,
  };
}
