import type { ChatEvent, Message, MessagePage, SeenEvent, SocketLike } from '../../client/sdk/index.ts';
import { applyEvent, emptyChat } from '../../events/chat-view.ts';
import type { FakeClock } from './fake-clock.ts';

export const ME = '01JME000000000000000000000';
export const OTHER = '01JTHER0000000000000000000';
export const CHAT = '01JCHAT0000000000000000000';
export const HEARTBEAT_MS = 20_000;

type Frame = { id: number; op: string } & Record<string, unknown>;

/** The server's end of one WebSocket. */
export class FakeWire implements SocketLike {
  readonly url: string;
  readonly token: string;
  readonly frames: Frame[] = [];
  closed: number | null = null;
  /** Chats that are pushed here, and those that wait for a sync after a `resync`. */
  listening = false;
  readonly silent = new Set<string>();
  readonly #server: FakeServer;
  readonly #listeners = new Map<string, ((event: never) => void)[]>();

  constructor(server: FakeServer, { url, token }: { url: string; token: string }) {
    this.#server = server;
    this.url = url;
    this.token = token;
  }

  addEventListener(type: string, listener: (event: never) => void): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }
  send(data: string): void {
    const frame = JSON.parse(data) as Frame;
    this.frames.push(frame);
    queueMicrotask(() => this.closed === null && this.#server.receive(this, frame));
  }
  close(): void {
    this.closed ??= 1000;
  }

  push(frame: object): void {
    this.pushText(JSON.stringify(frame));
  }
  pushText(data: string): void {
    if (this.closed === null) this.#emit('message', { data });
  }
  /** The server or the network ends it. */
  cut(code = 1006): void {
    if (this.closed !== null) return;
    this.closed = code;
    this.#emit('close', { code });
  }
  /** The browser does not let its page connect there. */
  block(): void {
    this.closed = 1006;
    this.#emit('error', {});
  }

  #emit(type: string, event: object): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event as never);
  }
}

/** As much of a server as the client's tests need: one log per chat, the frames and paths that read and write it. */
export class FakeServer {
  readonly wires: FakeWire[] = [];
  readonly logs = new Map<string, ChatEvent[]>();
  readonly requests: string[] = [];
  readonly clock: FakeClock;
  epoch = 'e1';
  sessions = 0;
  tokenLifeMs = 900_000;
  /** Tokens that are refused, and whether the refresh token is. */
  readonly refused = new Set<string>();
  refreshRefused = false;
  welcomes = true;
  answersPings = true;
  /** What sessions name. */
  gatewayUrl = 'ws://one/v1/ws';
  /** More events than this are not sent by a sync. */
  syncLimit = 1_000;
  /** So many events are not in the views yet. */
  lag = 0;
  /** May answer a frame in its own way: true where it did. */
  intercept: (wire: FakeWire, frame: Frame) => boolean = () => false;
  /** May answer a request in its own way. */
  interceptHttp: (method: string, path: string) => Response | null = () => null;

  constructor(clock: FakeClock) {
    this.clock = clock;
    this.append(CHAT, 'ChatStarted', {
      kind: 'group',
      title: 'harbour',
      members: [ME, OTHER].map((userId) => ({ userId, role: 'member' })),
      historyVisibility: 'all',
      pastContent: 'then',
    });
  }

  get wire(): FakeWire {
    const wire = this.wires.at(-1);
    if (!wire) throw new Error('nobody has connected');
    return wire;
  }

  readonly open = (url: string, protocols: string[]): FakeWire => {
    const token = protocols[1]?.replace('bearer.', '') ?? '';
    const wire = new FakeWire(this, { url, token });
    this.wires.push(wire);
    if (this.refused.has(token)) setImmediate(() => wire.cut());
    else if (this.welcomes) setImmediate(() => wire.push(this.welcome()));
    return wire;
  };

  welcome(): object {
    const at = new Date(this.clock.now()).toISOString();
    return {
      ev: 'welcome',
      sessionId: 's',
      userId: ME,
      epoch: this.epoch,
      position: `${this.epoch}-0`,
      at,
      expiresAt: at,
      heartbeatMs: HEARTBEAT_MS,
      limits: {},
    };
  }

  log(chatId: string): ChatEvent[] {
    const log = this.logs.get(chatId) ?? [];
    this.logs.set(chatId, log);
    return log;
  }

  /** Appends, and pushes to every wire that listens unless told not to. */
  append(chatId: string, type: string, data: object, { actor = OTHER, quiet = false } = {}): ChatEvent {
    const log = this.log(chatId);
    const at = new Date(this.clock.now()).toISOString();
    const seq = log.length + 1;
    const frame = {
      v: 1,
      actor,
      at,
      recordedAt: at,
      position: `${this.epoch}-${seq}`,
      eventId: `${chatId}${seq}`,
      commandId: '',
      correlationId: '',
    };
    const event = { chatId, seq, type, data, ...frame } as ChatEvent;
    log.push(event);
    if (!quiet) for (const wire of this.wires) this.pushEvent(wire, event);
    return event;
  }

  pushEvent(wire: FakeWire, event: SeenEvent): void {
    if (wire.listening && !wire.silent.has(event.chatId)) wire.push({ ev: 'event', ...event });
  }

  say(text: string, { chatId = CHAT, messageId = text, actor = OTHER, quiet = false } = {}): ChatEvent {
    return this.append(chatId, 'MessageSent', { messageId, number: this.log(chatId).length, text }, { actor, quiet });
  }

  receive(wire: FakeWire, frame: Frame): void {
    if (this.intercept(wire, frame)) return;
    if (frame.op === 'sync') return this.#sync(wire, frame);
    if (frame.op === 'send') return this.answerSend(wire, frame);
    if (frame.op === 'ping' && !this.answersPings) return;
    wire.push({ id: frame.id, ok: true, replayId: 'r1' });
  }

  /** Idempotent, as the real one. */
  answerSend(wire: FakeWire, frame: Frame): void {
    const { chatId, messageId, text } = frame as unknown as { chatId: string; messageId: string; text: string };
    const known = this.log(chatId).find((event) => event.type === 'MessageSent' && event.data.messageId === messageId);
    const { seq, at, position } = known ?? this.say(text, { chatId, messageId, actor: ME });
    wire.push({ id: frame.id, ok: true, chatId, messageId, seq, at, position, changed: true });
  }

  #sync(wire: FakeWire, frame: Frame): void {
    wire.listening = true;
    for (const [chatId, lastSeq] of Object.entries(frame['chats'] as Record<string, number>)) {
      wire.silent.delete(chatId);
      const log = this.log(chatId);
      const missed = log.slice(lastSeq);
      if (lastSeq > log.length) wire.push({ ev: 'resync', chatId, headSeq: log.length, reason: 'epoch' });
      else if (missed.length > this.syncLimit) this.resync(wire, chatId, 'far-behind');
      else {
        for (const event of missed) wire.push({ ev: 'event', ...event });
        if (missed.length > 0) wire.push({ ev: 'synced', chatId, seq: log.length });
      }
    }
    wire.push({ id: frame.id, ok: true, caughtUp: true, position: `${this.epoch}-9` });
  }

  resync(wire: FakeWire, chatId: string, reason: string): void {
    wire.silent.add(chatId);
    wire.push({ ev: 'resync', chatId, headSeq: this.log(chatId).length, reason });
  }

  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    const url = input instanceof Request ? new URL(input.url) : new URL(input);
    const method = init?.method ?? 'GET';
    this.requests.push(`${method} ${url.pathname}`);
    const special = this.interceptHttp(method, url.pathname);
    if (special) return special;
    const bearer = new Headers(init?.headers).get('authorization')?.replace('Bearer ', '');
    if (bearer !== undefined && this.refused.has(bearer)) return problem(401, 'token-expired');
    return this.#route(method, url);
  };

  #route(method: string, url: URL): Response {
    const [, , area, chatId = '', part] = url.pathname.split('/');
    if (area === 'sessions' && method === 'DELETE') return new Response(null, { status: 204 });
    if (url.pathname.endsWith('/refresh') && this.refreshRefused) return problem(401, 'unauthenticated');
    if (area === 'sessions') return Response.json(this.#session(), { status: 201 });
    if (area !== 'chats') return problem(404, 'not-found');
    if (chatId === '')
      return Response.json({ chats: [...this.logs.keys()].map((id) => this.#summary(id)), next: null, position: 'p' });
    const seq = (name: string): number | undefined =>
      url.searchParams.has(name) ? Number(url.searchParams.get(name)) : undefined;
    if (part === 'events') return Response.json(this.#events(chatId, seq('after') ?? 0));
    if (part === 'messages')
      return Response.json(
        this.#messages(chatId, { asOf: seq('asOf'), before: seq('before'), limit: seq('limit') ?? 50 }),
      );
    return problem(404, 'not-found');
  }

  #session(): object {
    this.sessions++;
    const expiresAt = new Date(this.clock.now() + this.tokenLifeMs).toISOString();
    const user = { userId: ME, username: 'me', displayName: 'Me' };
    return {
      accessToken: `access-${this.sessions}`,
      refreshToken: `refresh-${this.sessions}`,
      expiresAt,
      user,
      gateway: { url: this.gatewayUrl },
    };
  }

  #summary(chatId: string): object {
    const { title, members } = this.#fold(chatId, this.log(chatId).length);
    const more = { lastMessage: null, unread: 0, readSeq: 0, visibleFrom: 1 };
    return { chatId, kind: 'group', title, memberCount: members.size, headSeq: this.log(chatId).length, ...more };
  }

  #fold(chatId: string, asOf: number): ReturnType<typeof emptyChat> {
    return this.log(chatId).slice(0, asOf).reduce(applyEvent, emptyChat(chatId));
  }

  #events(chatId: string, after: number): object {
    const log = this.log(chatId);
    const events = log.slice(after, after + this.syncLimit);
    const next = after + events.length < log.length ? after + events.length : null;
    return { events, next, asOf: { seq: log.length, at: null } };
  }

  #messages(
    chatId: string,
    page: { asOf: number | undefined; before: number | undefined; limit: number },
  ): MessagePage {
    const view = this.#fold(chatId, page.asOf ?? this.log(chatId).length - this.lag);
    const before = page.before ?? Number.POSITIVE_INFINITY;
    const all = [...view.messages.values()].filter(({ seq }) => seq < before);
    const messages = all.slice(-page.limit).map((message) => ({
      ...message,
      reactions: message.reactions.map((r) => ({ ...r, count: r.userIds.length, mine: r.userIds.includes(ME) })),
    })) as unknown as Message[];
    const next = all.length > messages.length ? { before: messages[0]?.seq ?? 0, asOf: view.seq } : null;
    return {
      chatId,
      asOf: { seq: view.seq, at: view.at },
      title: view.title,
      memberCount: view.members.size,
      messages,
      next,
      position: 'p',
    };
  }
}

export function problem(status: number, code: string, headers: Record<string, string> = {}): Response {
  const body = {
    type: 'about:blank',
    title: code,
    status,
    detail: code,
    code,
    retryable: status >= 500 || status === 429,
  };
  return Response.json(body, { status, headers: { 'content-type': 'application/problem+json', ...headers } });
}
