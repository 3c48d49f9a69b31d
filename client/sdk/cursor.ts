import { continuity } from '../../events/chat-view.ts';
import type { SeenEvent } from './model.ts';

/** The last seq of a run of `Hidden`, or the event's own. */
export const lastSeqOf = (event: SeenEvent): number => (event.type === 'Hidden' ? event.throughSeq : event.seq);

export type EventsAfter = (after: number) => Promise<{ events: SeenEvent[]; next: number | null }>;

export interface CursorOptions {
  lastSeq: number;
  /** Reads the chat's events from the log, to close a gap. */
  eventsAfter: EventsAfter;
  /** Takes each event once, in order. */
  apply(event: SeenEvent): void;
  /** The gap could not be closed now; `heal` tries again. */
  failed(error: unknown): void;
}

/**
 * A reader's place in one chat. Whatever comes, twice, late or with a gap, goes out once and in order: repeats are
 * dropped, gaps are read from the log while what came after them waits.
 */
export class Cursor {
  readonly #options: CursorOptions;
  #lastSeq: number;
  #held: SeenEvent[] = [];
  #healing: Promise<void> | null = null;
  #closed = false;

  constructor(options: CursorOptions) {
    this.#options = options;
    this.#lastSeq = options.lastSeq;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  push(event: SeenEvent): void {
    if (this.#closed) return;
    if (this.#healing || this.#held.length > 0) {
      this.#held.push(event);
      if (!this.#healing) void this.heal();
    } else if (this.#take(event) === 'gap') {
      this.#held.push(event);
      void this.heal();
    }
  }

  /** Reads everything after the last event from the log, up to the chat's present end. */
  heal(): Promise<void> {
    this.#healing ??= this.#fill()
      .catch((error: unknown) => this.#options.failed(error))
      .finally(() => {
        this.#healing = null;
      });
    return this.#healing;
  }

  close(): void {
    this.#closed = true;
    this.#held = [];
  }

  async #fill(): Promise<void> {
    for (let after: number | null = this.#lastSeq; after !== null && !this.#closed; ) {
      const page: Awaited<ReturnType<EventsAfter>> = await this.#options.eventsAfter(after);
      for (const event of page.events) this.#takeOrThrow(event);
      after = page.next;
    }
    const held = this.#held;
    this.#held = [];
    for (const event of held) this.#takeOrThrow(event);
  }

  #takeOrThrow(event: SeenEvent): void {
    if (this.#take(event) === 'gap')
      throw new Error(`event ${event.seq} cannot follow ${this.#lastSeq}, not even in the log`);
  }

  #take(event: SeenEvent): 'gap' | 'done' {
    if (this.#closed) return 'done';
    const last = lastSeqOf(event);
    if (last <= this.#lastSeq) return 'done';
    // A run of hidden events may begin before our place and end after it.
    if (event.type !== 'Hidden' && continuity(this.#lastSeq, event) !== 'next') return 'gap';
    if (event.type === 'Hidden' && continuity(this.#lastSeq, event) === 'gap') return 'gap';
    this.#lastSeq = last;
    this.#options.apply(event);
    return 'done';
  }
}
