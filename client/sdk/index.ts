import { Api } from './api.ts';
import { LiveChat } from './chat.ts';
import { ChatList } from './chat-list.ts';
import { type Clock, systemClock } from './clock.ts';
import { ChatCommands } from './commands.ts';
import { createHttp } from './http.ts';
import { Presence } from './presence.ts';
import { type QueueStore, SendQueue } from './send-queue.ts';
import { memorySessionStore, Session, type SessionStore } from './session.ts';
import { Socket } from './socket.ts';
import { Sync } from './sync.ts';
import { TimeTravel } from './time-travel.ts';
import { ulidMaker } from './ulid.ts';
import { socketFactory, type WebSocketConstructor } from './web-socket.ts';

export type { Api, MessagesOptions, NewMessage, StartChat } from './api.ts';
export type { LiveChat, PendingMessage } from './chat.ts';
export type { ChatList } from './chat-list.ts';
export type { Clock } from './clock.ts';
export { Emitter } from './emitter.ts';
export { HindsightError, isTemporary } from './error.ts';
export { applyToMessage, applyToPage, type ChatPage, pageOf, withOlder } from './fold.ts';
export type * from './model.ts';
export type { Presence } from './presence.ts';
export type { QueuedMessage, QueueStore, SendQueue } from './send-queue.ts';
export { memorySessionStore, type Session, type SessionStore, type StoredSession } from './session.ts';
export type { ConnectionState, Socket, SocketLike, StopReason } from './socket.ts';
export type { Sync } from './sync.ts';
export type { Replay, ReplayEnd, ReplayListener, ReplayRange, TimeTravel } from './time-travel.ts';
export type { WebSocketConstructor } from './web-socket.ts';

export interface ConnectOptions {
  /** The HTTP server's address; that of the gateway comes with the session. */
  url: string;
  /** Where the session is kept; in memory where left out. */
  sessions?: SessionStore;
  /** Where unsent messages are kept; in memory where left out. */
  queue?: QueueStore;
  /** Where more was missed than a sync gives: read every event (the default), or go on at the head and say `reload`. */
  farBehind?: 'events' | 'reload';
  WebSocket?: WebSocketConstructor;
  fetch?: typeof globalThis.fetch;
  clock?: Clock;
}

/** A client of one Hindsight server for one user. */
export interface Hindsight {
  readonly session: Session;
  readonly api: Api;
  readonly socket: Socket;
  readonly sync: Sync;
  readonly chats: ChatList;
  readonly commands: ChatCommands;
  readonly queue: SendQueue;
  readonly travel: TimeTravel;
  readonly presence: Presence;
  /** Ids for what is made here: ULIDs by the server's clock. */
  readonly newId: () => string;
  /** An open chat; `load()` it, and `close()` it when it leaves the screen. */
  open(chatId: string): LiveChat;
  /** Ends the connection and the timers. The stored session stays. */
  close(): void;
}

/** Builds the client. It connects as soon as `session.signIn` or `session.resume` has a session, and stays connected. */
export function connect(options: ConnectOptions): Hindsight {
  const clock = options.clock ?? systemClock;
  const http = createHttp({ url: options.url, fetch: options.fetch ?? globalThis.fetch.bind(globalThis), clock });
  const session = new Session({ http, store: options.sessions ?? memorySessionStore(), clock });
  const socket = new Socket({ session, open: socketFactory(options.WebSocket), clock });
  const newId = serverIds(socket, clock);
  const api = new Api({ http, tokens: session, newId });
  const commands = new ChatCommands({ socket, clock, newId });
  const queue = new SendQueue({ send: (message) => commands.sendOnce(message), clock, newId, store: options.queue });
  const sync = new Sync({ socket, api, clock, farBehind: options.farBehind ?? 'events' });
  const chats = new ChatList({ sync, socket, api });
  const travel = new TimeTravel({ api, socket });
  const presence = new Presence({ socket, sync, clock });
  session.events.on('started', () => socket.start());
  socket.events.on('welcome', () => queue.kick());
  const offOnline = listenOnline(() => socket.wake());
  return {
    session,
    api,
    socket,
    sync,
    chats,
    commands,
    queue,
    travel,
    presence,
    newId,
    open: (chatId) => new LiveChat(chatId, { api, sync, queue, clock, me: session.user?.userId ?? '' }),
    close: () => {
      offOnline();
      socket.stop();
      queue.close();
      session.close();
    },
  };
}

/** The server refuses ids of its future, so a client whose clock is wrong goes by the server's. */
function serverIds(socket: Socket, clock: Clock): () => string {
  let offsetMs = 0;
  socket.events.on('welcome', ({ at }) => {
    const server = Date.parse(at);
    if (Number.isFinite(server)) offsetMs = server - clock.now();
  });
  return ulidMaker(() => clock.now() + offsetMs);
}

function listenOnline(wake: () => void): () => void {
  const target = globalThis as {
    addEventListener?: EventTarget['addEventListener'];
    removeEventListener?: EventTarget['removeEventListener'];
  };
  target.addEventListener?.('online', wake);
  return () => target.removeEventListener?.('online', wake);
}
