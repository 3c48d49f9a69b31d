import { backoffMs, type Clock, RETRY } from './clock.ts';
import { Emitter } from './emitter.ts';
import { isTemporary } from './error.ts';
import type { Socket } from './socket.ts';
import type { Sync } from './sync.ts';

/** Whoever goes on typing says so again within this time; after it they have stopped. */
const TYPING_LASTS_MS = 6_000;
/** How often the server is told that I am still typing. */
const TYPING_EVERY_MS = 3_000;

interface PresenceEvents {
  /** Somebody whom I watch came or went. */
  online: { userId: string; online: boolean };
  /** Who is typing in a chat, from now on. */
  typing: { chatId: string; userIds: string[] };
}

/** Who is there, and who is typing: of the moment, never kept. */
export class Presence {
  readonly events = new Emitter<PresenceEvents>();
  readonly #socket: Socket;
  readonly #clock: Clock;
  #watched: readonly string[] = [];
  readonly #online = new Map<string, boolean>();
  /** By chat and user, what ends it. */
  readonly #typing = new Map<string, Map<string, () => void>>();
  readonly #saidAt = new Map<string, number>();
  #turn = 0;
  /** Whether the gateway tells us of anybody. */
  #asked = false;

  constructor({ socket, sync, clock }: { socket: Socket; sync: Sync; clock: Clock }) {
    this.#socket = socket;
    this.#clock = clock;
    socket.events.on('welcome', () => {
      this.#asked = false;
      this.#ask(0);
    });
    socket.events.on('push', (push) => {
      if (push.ev === 'presence') this.#learn(push.userId, push.online);
      else if (push.ev === 'typing') this.#types(push.chatId, push.userId);
    });
    socket.events.on('state', (state) => {
      if (state === 'open') return;
      for (const chatId of this.#typing.keys()) this.#quiet(chatId);
    });
    sync.events.on('event', ({ chatId, type, ...event }) => {
      if (type === 'MessageSent' && 'actor' in event) this.#stops(chatId, event.actor);
    });
    sync.events.on('gone', ({ chatId }) => this.#quiet(chatId));
  }

  /** False where they are not, or where I may not know. */
  isOnline(userId: string): boolean {
    return this.#online.get(userId) === true;
  }

  typingIn(chatId: string): string[] {
    return [...(this.#typing.get(chatId)?.keys() ?? [])];
  }

  /** From now on `online` tells of these users and no others, on this connection and those that follow. */
  watch(userIds: readonly string[]): void {
    this.#watched = [...new Set(userIds)];
    const watched = new Set(this.#watched);
    for (const userId of this.#online.keys()) if (!watched.has(userId)) this.#online.delete(userId);
    this.#ask(0);
  }

  /** I am typing; to be called with every key. Told now and then, and lost without a word where it cannot be. */
  typing(chatId: string): void {
    const now = this.#clock.now();
    if (now - (this.#saidAt.get(chatId) ?? Number.NEGATIVE_INFINITY) < TYPING_EVERY_MS) return;
    this.#saidAt.set(chatId, now);
    this.#socket.request('typing', { chatId }).catch(() => undefined); // nobody waits for it
  }

  #ask(attempt: number): void {
    const turn = ++this.#turn;
    const { welcome } = this.#socket;
    if (this.#socket.state !== 'open' || (this.#watched.length === 0 && !this.#asked)) return;
    this.#asked = this.#watched.length > 0;
    const current = (): boolean => turn === this.#turn && welcome === this.#socket.welcome;
    this.#socket.request<{ online: Record<string, boolean> }>('presence', { userIds: this.#watched }).then(
      ({ online }) => {
        if (!current()) return;
        for (const userId of this.#watched) this.#learn(userId, online[userId] === true);
      },
      (error: unknown) => {
        if (!current() || !isTemporary(error)) return;
        const waitMs = error.retryAfterMs ?? backoffMs(this.#clock, attempt, RETRY);
        this.#clock.after(waitMs, () => current() && this.#ask(attempt + 1));
      },
    );
  }

  #learn(userId: string, online: boolean): void {
    if (this.isOnline(userId) === online) return;
    this.#online.set(userId, online);
    this.events.emit('online', { userId, online });
  }

  #types(chatId: string, userId: string): void {
    const there = this.#typing.get(chatId) ?? new Map<string, () => void>();
    const again = there.get(userId);
    again?.();
    const end = this.#clock.after(TYPING_LASTS_MS, () => this.#stops(chatId, userId));
    this.#typing.set(chatId, there.set(userId, end));
    if (!again) this.#changed(chatId);
  }

  #stops(chatId: string, userId: string): void {
    const there = this.#typing.get(chatId);
    there?.get(userId)?.();
    if (!there?.delete(userId)) return;
    if (there.size === 0) this.#typing.delete(chatId);
    this.#changed(chatId);
  }

  #quiet(chatId: string): void {
    for (const userId of this.typingIn(chatId)) this.#stops(chatId, userId);
  }

  #changed(chatId: string): void {
    this.events.emit('typing', { chatId, userIds: this.typingIn(chatId) });
  }
}
