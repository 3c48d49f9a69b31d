import { backoffMs, type Clock, RECONNECT } from './clock.ts';
import { Emitter } from './emitter.ts';
import { HindsightError, isTemporary } from './error.ts';
import type { Http, Tokens } from './http.ts';
import type { SessionAnswer, User } from './model.ts';

/** Renewed when so much of a token's life is left, so that a slow renewal still comes in time. */
const RENEW_AT_LEFT = 0.25;
const UNREADABLE_LIFE_MS = 5 * 60_000;
const TIMER_MAX_MS = 2 ** 31 - 1;

export interface StoredSession extends SessionAnswer {
  /** By this client's clock, in milliseconds since 1970: the server's clock may differ from ours by hours. */
  renewAtMs: number;
}

/** Where a session outlives the program: a browser's `sessionStorage`, a file. One session belongs to one client. */
export interface SessionStore {
  load(): Promise<StoredSession | null>;
  save(session: StoredSession): Promise<void>;
  clear(): Promise<void>;
}

export function memorySessionStore(): SessionStore {
  let stored: StoredSession | null = null;
  return {
    load: () => Promise.resolve(stored),
    save: (session) => {
      stored = session;
      return Promise.resolve();
    },
    clear: () => {
      stored = null;
      return Promise.resolve();
    },
  };
}

interface SessionEvents {
  started: StoredSession;
  renewed: StoredSession;
  /** Signed out, or the server ended it. */
  ended: 'signed-out' | 'refused';
}

/** Signing in, and a token that is always good: renewed before it ends, one renewal in flight at a time. */
export class Session implements Tokens {
  readonly events = new Emitter<SessionEvents>();
  readonly #http: Http;
  readonly #store: SessionStore;
  readonly #clock: Clock;
  #current: StoredSession | null = null;
  #renewal: Promise<StoredSession> | null = null;
  #cancelTimer: () => void = () => undefined;

  constructor({ http, store, clock }: { http: Http; store: SessionStore; clock: Clock }) {
    this.#http = http;
    this.#store = store;
    this.#clock = clock;
  }

  get user(): User | null {
    return this.#current?.user ?? null;
  }
  get gatewayUrl(): string | null {
    return this.#current?.gateway.url ?? null;
  }

  register(account: {
    username: string;
    password: string;
    displayName: string;
    idempotencyKey?: string;
  }): Promise<User> {
    const { idempotencyKey, ...body } = account;
    const key = idempotencyKey === undefined ? { repeatable: false } : { idempotencyKey };
    return this.#http<User>({ method: 'POST', path: '/v1/users', body, ...key });
  }

  async signIn(credentials: { username: string; password: string }): Promise<User> {
    const answer = await this.#http<SessionAnswer>({ method: 'POST', path: '/v1/sessions', body: credentials });
    const session = await this.#adopt(answer);
    this.events.emit('started', session);
    return session.user;
  }

  /** Takes up the stored session, if there is one. */
  async resume(): Promise<User | null> {
    const stored = await this.#store.load();
    if (!stored) return null;
    this.#current = stored;
    this.#schedule(stored);
    this.events.emit('started', stored);
    return stored.user;
  }

  async access(): Promise<string> {
    const session = this.#current;
    if (!session) throw new HindsightError('closed', 'nobody is signed in');
    if (this.#clock.now() < session.renewAtMs) return session.accessToken;
    return (await this.#renewOnce()).accessToken;
  }

  async renew(refused: string): Promise<string> {
    const session = this.#current;
    if (session && session.accessToken !== refused) return session.accessToken; // another caller has renewed it already
    return (await this.#renewOnce()).accessToken;
  }

  /** The server forgets the session first; this client forgets it in any case, and then says what went wrong. */
  async signOut(): Promise<void> {
    if (!this.#current) return;
    try {
      await this.#http({ method: 'DELETE', path: '/v1/sessions/current', repeatable: false }, this);
    } catch (error) {
      const ended = error instanceof HindsightError && error.status === 401;
      if (!ended) throw error;
    } finally {
      if (this.#current) await this.#end('signed-out');
    }
  }

  /** Stops the timer; the stored session stays for the next `resume`. */
  close(): void {
    this.#cancelTimer();
    this.#current = null;
  }

  #renewOnce(): Promise<StoredSession> {
    this.#renewal ??= this.#renew().finally(() => {
      this.#renewal = null;
    });
    return this.#renewal;
  }

  async #renew(): Promise<StoredSession> {
    const session = this.#current;
    if (!session) throw new HindsightError('closed', 'nobody is signed in');
    try {
      const body = { refreshToken: session.refreshToken };
      const answer = await this.#http<SessionAnswer>({ method: 'POST', path: '/v1/sessions/refresh', body });
      if (this.#current !== session) throw new HindsightError('closed', 'signed out meanwhile');
      const renewed = await this.#adopt(answer);
      this.events.emit('renewed', renewed);
      return renewed;
    } catch (error) {
      const refused = error instanceof HindsightError && error.status === 401;
      if (refused && this.#current === session) await this.#end('refused');
      throw error;
    }
  }

  async #adopt(answer: SessionAnswer): Promise<StoredSession> {
    const now = this.#clock.now();
    const session = { ...answer, renewAtMs: now + lifeMs(answer, now) * (1 - RENEW_AT_LEFT) };
    this.#current = session;
    this.#schedule(session);
    await this.#store.save(session);
    return session;
  }

  async #end(why: 'signed-out' | 'refused'): Promise<void> {
    this.#cancelTimer();
    this.#current = null;
    await this.#store.clear();
    this.events.emit('ended', why);
  }

  #schedule(session: StoredSession, attempt = 0): void {
    this.#cancelTimer();
    const backoff = attempt === 0 ? 0 : backoffMs(this.#clock, attempt, RECONNECT);
    const waitMs = Math.max(session.renewAtMs - this.#clock.now(), backoff);
    this.#cancelTimer = this.#clock.after(Math.min(waitMs, TIMER_MAX_MS), () => {
      this.#renewOnce().catch((error: unknown) => {
        // Anything else has ended the session, which `ended` has told.
        if (isTemporary(error) && this.#current === session) this.#schedule(session, attempt + 1);
      });
    });
  }
}

/** The life of the token as the server gave it, whatever the clocks of the two say. */
function lifeMs(answer: SessionAnswer, now: number): number {
  const claims = claimsOf(answer.accessToken);
  const life = claims ? (claims.exp - claims.iat) * 1_000 : Date.parse(answer.expiresAt) - now;
  return life > 0 ? life : UNREADABLE_LIFE_MS;
}

function claimsOf(token: string): { iat: number; exp: number } | null {
  try {
    const part = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
    const claims = JSON.parse(atob(part)) as { iat?: unknown; exp?: unknown };
    return typeof claims.iat === 'number' && typeof claims.exp === 'number'
      ? { iat: claims.iat, exp: claims.exp }
      : null;
  } catch {
    return null; // not a token that we can read, which is the server's right
  }
}
