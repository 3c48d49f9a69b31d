import type { Api } from './api.ts';
import { backoffMs, type Clock, RETRY } from './clock.ts';
import { Cursor } from './cursor.ts';
import { Emitter } from './emitter.ts';
import { HindsightError } from './error.ts';
import type { ChatSummary, Push, ResyncReason, SeenEvent, Welcome } from './model.ts';
import type { Socket } from './socket.ts';

/** So many chats of 56-character ids fit into a frame of 64 KiB with room to spare. */
const CHATS_PER_FRAME = 400;
const CHATS_PER_PAGE = 100;
const EVENTS_PER_PAGE = 1_000;
/** The answer comes after the whole backlog. */
const SYNC_TIMEOUT_MS = 120_000;

interface SyncEvents {
  /** Each event of each of my chats once, in order. */
  event: SeenEvent;
  /** A chat of mine that this client did not know. */
  joined: ChatSummary;
  /** A chat that I may not see any more. */
  gone: { chatId: string };
  /** The line of events was broken off at a far place and goes on after `seq`: load that chat's history afresh. */
  reload: { chatId: string; seq: number; reason: ResyncReason };
  /** The server's log was restored: nothing that was known counts. */
  forgotten: { epoch: string };
  /** The list of all my chats, after the first connection and after each change of epoch. */
  listed: ChatSummary[];
  caughtUp: { position: string };
  /** Something could not be had from the server; it is tried again by itself. */
  trouble: HindsightError;
}

export interface SyncOptions {
  socket: Socket;
  api: Api;
  clock: Clock;
  /** What to do where more was missed than a sync gives: read every event, or skip them and say `reload`. */
  farBehind: 'events' | 'reload';
}

/** Keeps this client's picture of its chats whole, over any number of connections. */
export class Sync {
  readonly events = new Emitter<SyncEvents>();
  readonly #options: SyncOptions;
  readonly #cursors = new Map<string, Cursor>();
  #epoch: string | null = null;
  #userId: string | null = null;
  #listed = false;
  #due = new Set<string>();
  #running = false;
  #failures = 0;

  constructor(options: SyncOptions) {
    this.#options = options;
    options.socket.events.on('welcome', (welcome) => this.#welcomed(welcome));
    options.socket.events.on('push', (push) => this.#pushed(push));
  }

  /** The last seq that came, of each chat. */
  lastSeq(chatId: string): number | null {
    return this.#cursors.get(chatId)?.lastSeq ?? null;
  }

  #welcomed({ epoch, userId }: Welcome): void {
    const restored = this.#epoch !== null && this.#epoch !== epoch;
    const another = this.#userId !== null && this.#userId !== userId;
    if (restored || another) this.#forget(epoch);
    this.#epoch = epoch;
    this.#userId = userId;
    this.#due = new Set(this.#cursors.keys());
    this.#running = false;
    this.#failures = 0;
    void this.#run();
  }

  #forget(epoch: string): void {
    for (const cursor of this.#cursors.values()) cursor.close();
    this.#cursors.clear();
    this.#due.clear();
    this.#listed = false;
    this.events.emit('forgotten', { epoch });
  }

  #pushed(push: Push): void {
    switch (push.ev) {
      case 'event': {
        const { ev: _, ...event } = push;
        return this.#arrived(event as SeenEvent);
      }
      case 'synced':
        return this.#synced(push.chatId, push.seq);
      case 'gone':
        return this.#gone(push.chatId);
      case 'resync':
        return 'all' in push ? this.#resyncAll(push.reason) : this.#resync(push);
      default:
        return;
    }
  }

  #arrived(event: SeenEvent): void {
    const known = this.#cursors.get(event.chatId);
    // The first that is heard of a chat is our own coming: the past before it is read when somebody opens the chat.
    const cursor = known ?? this.#track(event.chatId, event.seq - 1);
    cursor.push(event);
    if (!known) void this.#announce(event.chatId, event.position);
  }

  async #announce(chatId: string, minPosition: string): Promise<void> {
    try {
      this.events.emit('joined', await this.#summaryOf(chatId, minPosition));
    } catch (error) {
      this.#trouble(error, () => this.#cursors.has(chatId) && void this.#announce(chatId, minPosition));
    }
  }

  #synced(chatId: string, seq: number): void {
    const cursor = this.#cursors.get(chatId);
    if (cursor && cursor.lastSeq < seq) void cursor.heal();
  }

  #gone(chatId: string): void {
    this.#cursors.get(chatId)?.close();
    this.#cursors.delete(chatId);
    this.#due.delete(chatId);
    this.events.emit('gone', { chatId });
  }

  #resyncAll(reason: ResyncReason): void {
    if (reason === 'epoch') this.#forget(this.#epoch ?? '');
    for (const chatId of this.#cursors.keys()) this.#due.add(chatId);
    void this.#run();
  }

  #resync({ chatId, headSeq, reason }: { chatId: string; headSeq: number; reason: ResyncReason }): void {
    const cursor = this.#cursors.get(chatId);
    if (!cursor) return void this.#meet(chatId);
    // Of a chat that was repaired, what was read may have been wrong.
    const anew = reason === 'epoch' || reason === 'repaired';
    if (anew || (reason === 'far-behind' && this.#options.farBehind === 'reload')) {
      this.#restart(chatId, headSeq, reason);
    } else if (reason === 'far-behind') return void cursor.heal().then(() => this.#again(chatId));
    this.#again(chatId);
  }

  /** The line begins anew after that seq. */
  #restart(chatId: string, seq: number, reason: ResyncReason): void {
    this.#cursors.get(chatId)?.close();
    this.#track(chatId, seq);
    this.events.emit('reload', { chatId, seq, reason });
  }

  async #meet(chatId: string): Promise<void> {
    try {
      const chat = await this.#summaryOf(chatId);
      if (this.#cursors.has(chatId)) return;
      this.#track(chatId, chat.headSeq);
      this.events.emit('joined', chat);
      this.#again(chatId);
    } catch (error) {
      this.#trouble(error, () => void this.#meet(chatId));
    }
  }

  /** A chat that has just become mine is among the first of the list, unless it has been silent for long. */
  async #summaryOf(chatId: string, minPosition?: string): Promise<ChatSummary> {
    const { api } = this.#options;
    const { chats } = await api.chats({ limit: CHATS_PER_PAGE, minPosition });
    const found = chats.find((summary) => summary.chatId === chatId);
    if (found) return found;
    const {
      role: _role,
      historyVisibility: _visibility,
      pastContent: _past,
      asOf: _asOf,
      ...chat
    } = await api.chat(chatId, { minPosition });
    return { ...chat, lastMessage: null, unread: 0 };
  }

  #track(chatId: string, lastSeq: number): Cursor {
    const cursor = new Cursor({
      lastSeq,
      eventsAfter: (after) => this.#options.api.events(chatId, { after, limit: EVENTS_PER_PAGE }),
      apply: (event) => {
        this.events.emit('event', event);
        const left = event.type === 'MemberRemoved' && event.data.userId === this.#options.socket.welcome?.userId;
        if (left) this.#gone(chatId);
      },
      failed: (error) => {
        const hidden = error instanceof HindsightError && error.code === 'chat-not-found';
        if (hidden) this.#gone(chatId);
        else this.#trouble(error, () => void cursor.heal());
      },
    });
    this.#cursors.set(chatId, cursor);
    return cursor;
  }

  #again(chatId: string): void {
    this.#due.add(chatId);
    void this.#run();
  }

  /** One sync at a time; what becomes due meanwhile goes into the next. */
  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    const connection = this.#options.socket.welcome;
    const current = (): boolean => connection === this.#options.socket.welcome && this.#options.socket.state === 'open';
    try {
      do {
        if (!this.#listed) await this.#list();
        if (current()) await this.#syncDue(current);
      } while (current() && this.#due.size > 0);
      if (current()) this.#running = false;
      this.#failures = 0;
    } catch (error) {
      if (!current()) return; // the next connection begins anew
      this.#running = false;
      for (const chatId of this.#cursors.keys()) this.#due.add(chatId); // which of them were heard is not known
      this.#trouble(error, () => void this.#run());
    }
  }

  async #list(): Promise<void> {
    const all: ChatSummary[] = [];
    let cursor: string | null | undefined;
    do {
      const page = await this.#options.api.chats({ limit: CHATS_PER_PAGE, ...(cursor ? { cursor } : {}) });
      all.push(...page.chats);
      cursor = page.next;
    } while (cursor);
    for (const { chatId, headSeq } of all) {
      if (!this.#cursors.has(chatId)) this.#track(chatId, headSeq);
      this.#due.add(chatId);
    }
    this.#listed = true;
    this.events.emit('listed', all);
  }

  async #syncDue(current: () => boolean): Promise<void> {
    const due = [...this.#due].filter((chatId) => this.#cursors.has(chatId));
    this.#due.clear();
    for (let start = 0; (start === 0 || start < due.length) && current(); start += CHATS_PER_FRAME) {
      const part = due.slice(start, start + CHATS_PER_FRAME);
      const chats = Object.fromEntries(part.map((chatId) => [chatId, this.lastSeq(chatId) ?? 0]));
      const more = start + CHATS_PER_FRAME < due.length;
      const fields = more ? { chats, more } : { chats };
      const answer = await this.#options.socket.request<{ position?: string }>('sync', fields, SYNC_TIMEOUT_MS);
      if (!more && answer.position !== undefined && current())
        this.events.emit('caughtUp', { position: answer.position });
    }
  }

  #trouble(error: unknown, again: () => unknown): void {
    const trouble =
      error instanceof HindsightError ? error : new HindsightError('internal', String(error), { cause: error });
    if (trouble.code === 'chat-not-found') return; // removed again before we could look
    this.events.emit('trouble', trouble);
    const { clock, socket } = this.#options;
    if (socket.state !== 'stopped')
      clock.after(trouble.retryAfterMs ?? backoffMs(clock, ++this.#failures, RETRY), () => void again());
  }
}
