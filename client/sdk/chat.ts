import type { Api } from './api.ts';
import { backoffMs, type Clock, RETRY } from './clock.ts';
import { Cursor } from './cursor.ts';
import { Emitter } from './emitter.ts';
import { HindsightError } from './error.ts';
import { applyToPage, type ChatPage, pageOf, withOlder } from './fold.ts';
import type { SeenEvent } from './model.ts';
import type { QueuedMessage, SendQueue } from './send-queue.ts';
import type { Sync } from './sync.ts';

const PAGE_MESSAGES = 50;

/** A message of mine on its way: shown at once, replaced by the real one when that comes. */
export interface PendingMessage {
  message: QueuedMessage;
  /** Why the server refused it; null while it is on its way. */
  error: HindsightError | null;
}

interface LiveChatEvents {
  /** The page or the pending messages changed. */
  changed: ChatPage;
  event: SeenEvent;
  gone: undefined;
  trouble: HindsightError;
}

export interface LiveChatOptions {
  api: Api;
  sync: Sync;
  queue: SendQueue;
  clock: Clock;
  /** Who looks: whose reactions are `mine`. */
  me: string;
}

/** An open chat: its latest page of history, and everything that happens from `asOf.seq + 1` on. */
export class LiveChat {
  readonly chatId: string;
  readonly events = new Emitter<LiveChatEvents>();
  readonly #options: LiveChatOptions;
  readonly #offs: (() => void)[];
  #page: ChatPage | null = null;
  #cursor: Cursor | null = null;
  /** What came before the first page did. */
  #early: SeenEvent[] = [];
  #refused: PendingMessage[] = [];
  /** Answered, and not on the page before the page has come to that seq: an answer may overtake its push. */
  #answered: { message: QueuedMessage; seq: number }[] = [];
  #loading: Promise<void> | null = null;
  #closed = false;
  #failures = 0;

  constructor(chatId: string, options: LiveChatOptions) {
    this.chatId = chatId;
    this.#options = options;
    const mine = (other: { chatId: string }): boolean => other.chatId === chatId;
    const { sync, queue } = options;
    this.#offs = [
      sync.events.on('event', (event) => mine(event) && this.#arrived(event)),
      sync.events.on('reload', (chat) => mine(chat) && void this.reload()),
      sync.events.on('forgotten', () => void this.reload()),
      sync.events.on('gone', (chat) => mine(chat) && this.events.emit('gone', undefined)),
      queue.events.on('queued', (message) => mine(message) && this.#changed()),
      queue.events.on('sent', ({ message, reply }) => {
        if (!mine(message)) return;
        this.#answered = [...this.#answered, { message, seq: reply.seq }];
        this.#changed();
      }),
      queue.events.on('rejected', (refused) => {
        if (!mine(refused.message)) return;
        this.#refused = [...this.#refused, refused];
        this.#changed();
      }),
    ];
  }

  /** Null until the first page has come. */
  get page(): ChatPage | null {
    return this.#page;
  }

  get pending(): readonly PendingMessage[] {
    const shown = new Set(this.#page?.messages.map(({ messageId }) => messageId));
    const answered = this.#answered.map(({ message }) => message);
    const coming = [...answered, ...this.#options.queue.pending(this.chatId)];
    const all = [...this.#refused, ...coming.map((message) => ({ message, error: null }))];
    return all.filter(({ message }) => !shown.has(message.messageId));
  }

  /** Takes a refused message off the screen. */
  discard(messageId: string): void {
    this.#refused = this.#refused.filter(({ message }) => message.messageId !== messageId);
    this.#changed();
  }

  load(): Promise<void> {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  async reload(): Promise<void> {
    this.#cursor?.close();
    this.#cursor = null;
    this.#early = [];
    try {
      await this.load();
    } catch (error) {
      this.#failed(error, () => void this.reload());
    }
  }

  /** Puts the page before the oldest message on; false where there is none. */
  async older(): Promise<boolean> {
    const page = this.#page;
    if (page?.before == null) return false;
    const { chatId, before } = page;
    const answer = await this.#options.api.messages(chatId, { before, asOf: page.asOf.seq, limit: PAGE_MESSAGES });
    // Events may have come meanwhile that change messages of the older page: read it as of the seq that we now have.
    const now = this.#page ?? page;
    const older =
      now.asOf.seq === page.asOf.seq
        ? answer
        : await this.#options.api.messages(chatId, { before, asOf: now.asOf.seq, limit: PAGE_MESSAGES });
    if (this.#page !== now) return this.older();
    this.#page = withOlder(now, pageOf(older));
    this.#changed();
    return true;
  }

  close(): void {
    this.#closed = true;
    for (const off of this.#offs) off();
    this.#cursor?.close();
  }

  async #load(): Promise<void> {
    const page = pageOf(await this.#options.api.messages(this.chatId, { limit: PAGE_MESSAGES }));
    if (this.#closed) return;
    this.#page = page;
    this.#failures = 0;
    const cursor = new Cursor({
      lastSeq: page.asOf.seq,
      eventsAfter: (after) => this.#options.api.events(this.chatId, { after }),
      apply: (event) => this.#apply(event),
      failed: (error) => this.#failed(error, () => void cursor.heal()),
    });
    this.#cursor = cursor;
    const early = this.#early;
    this.#early = [];
    for (const event of early) cursor.push(event);
    // A view may lag behind what has been pushed already, and that will not be pushed again.
    if ((this.#options.sync.lastSeq(this.chatId) ?? 0) > cursor.lastSeq) await cursor.heal();
    this.#changed();
  }

  #arrived(event: SeenEvent): void {
    if (this.#cursor) this.#cursor.push(event);
    else this.#early.push(event);
  }

  #apply(event: SeenEvent): void {
    if (!this.#page) return;
    this.#page = applyToPage(this.#page, event, this.#options.me);
    this.events.emit('event', event);
    this.#changed();
  }

  #changed(): void {
    const page = this.#page;
    if (!page || this.#closed) return;
    this.#answered = this.#answered.filter(({ seq }) => seq > page.asOf.seq);
    this.events.emit('changed', page);
  }

  #failed(cause: unknown, again: () => void): void {
    if (this.#closed) return;
    const error = cause instanceof HindsightError ? cause : new HindsightError('internal', String(cause), { cause });
    if (error.code === 'chat-not-found') return this.events.emit('gone', undefined);
    this.events.emit('trouble', error);
    const { clock } = this.#options;
    clock.after(error.retryAfterMs ?? backoffMs(clock, ++this.#failures, RETRY), () => !this.#closed && again());
  }
}
