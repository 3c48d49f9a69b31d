import type { ChatReply, CommandsDeps } from '../../../../commands/index.ts';
import { accepted, type Outcome, rejected } from '../../../../events/error-codes.ts';
import type { EventLog, EventStore } from '../../../../events/event-store.ts';
import type { Auth, Principal } from '../../../../gateway/auth/api.ts';
import type { GatewayLogger, SocketContext } from '../../../../gateway/context.ts';
import type { LiveFeed } from '../../../../gateway/live-feed.ts';
import { createGateway, type Gateway, type GatewayOptions } from '../../../../gateway/ws/gateway.ts';
import type { SocketAdapter } from '../../../../gateway/ws/port.ts';
import { createMemorySignals } from '../../../../infra/memory/signals.ts';
import type { Queries } from '../../../../queries/index.ts';
import { createWorld, type Loose, registerUsers, run, user, type World } from '../../../support/commands.ts';
import { createMemoryEventStore, type MemoryEventStore } from '../../../support/memory/event-store.ts';
import { openSocket, type TestSocket } from '../../../support/protocol-client.ts';
import { EPOCH } from '../../../support/random-chat.ts';
import { startLiveViews } from './live-views.ts';

export const ORIGIN = 'http://127.0.0.1:4000';
const TOKEN_LIFE_MS = 900_000;

export interface GatewayWorld {
  readonly world: World;
  readonly store: MemoryEventStore;
  readonly gateway: Gateway;
  readonly url: string;
  readonly context: SocketContext;
  /** Added to the clock of the gateway. */
  readonly skew: { ms: number };
  readonly logged: { level: string; message: string }[];
  /** Lets the views stop where they are; `release` lets them follow again. */
  hold(): void;
  release(): void;
  token(userId: string, session?: { sessionId?: string; livesMs?: number }): string;
  endSession(sessionId: string): void;
  /** A socket whose `welcome` has come. */
  open(userId: string, session?: { sessionId?: string; livesMs?: number }): Promise<TestSocket>;
  /** As `open`, and pushed everything from now on. */
  follow(userId: string): Promise<TestSocket>;
  say(actor: string, command: Loose): Promise<ChatReply>;
  close(): Promise<void>;
}

export interface WorldOptions {
  adapter: SocketAdapter;
  gateway?: Partial<GatewayOptions>;
  rateLimits?: boolean;
  /** Registered beside users 1 to 9. */
  users?: readonly string[];
  /** Stands in front of the real queries or commands. */
  wrapQueries?: (queries: Queries) => Queries;
  wrapCommands?: (commands: World['commands']) => World['commands'];
  /** What the write side stands on; the store may stand in front of the one that everybody reads. */
  deps?: (store: EventStore) => Partial<CommandsDeps>;
  /** Stands between the log and the hub. */
  feed?: (log: EventLog) => LiveFeed;
  verify?: (token: string) => Promise<Outcome<Principal>>;
  onFatal?: (error: Error) => void;
}

const raise = (error: Error): never => {
  throw error;
};

/** The gateway over the real commands and queries, a store in memory and views that fold it anew for each question. */
export async function startWorld(options: WorldOptions): Promise<GatewayWorld> {
  const skew = { ms: 0 };
  const clock = (): number => Date.now() + skew.ms;
  const store = createMemoryEventStore({ epoch: EPOCH });
  const world = createWorld({ store, clock: createTickingClock(), ...options.deps?.(store) });
  await registerUsers(store, ...Array.from({ length: 9 }, (_, i) => user(i + 1)), ...(options.users ?? []));
  const views = startLiveViews({ log: store, access: world.commands.access });
  const { queries } = views;
  const { auth, token, endSession } = createStubAuth(clock, options.verify);
  const logged: { level: string; message: string }[] = [];
  const commands = options.wrapCommands?.(world.commands) ?? world.commands;
  const context: SocketContext = {
    commands,
    auth,
    clock,
    log: store,
    feed: options.feed?.(store) ?? store,
    signals: createMemorySignals(),
    onFatal: options.onFatal ?? raise,
    queries: options.wrapQueries?.(queries) ?? queries,
    settings: {
      host: '127.0.0.1',
      httpPort: 0,
      gatewayPort: 0,
      origins: [ORIGIN],
      rateLimits: options.rateLimits ?? false,
    },
    logger: recorder(logged),
  };
  const gateway = await createGateway(context, { adapter: options.adapter, ...options.gateway });
  const url = `ws://127.0.0.1:${gateway.port}/v1/ws`;
  const open: GatewayWorld['open'] = async (userId, session) => {
    const socket = await openSocket(url, token(userId, session));
    await socket.until(({ ev }) => ev === 'welcome');
    return socket;
  };
  return {
    world,
    store,
    gateway,
    url,
    context,
    skew,
    logged,
    token,
    endSession,
    open,
    hold: views.hold,
    release: views.release,
    follow: async (userId) => {
      const socket = await open(userId);
      const answer = await socket.request('sync', { since: socket.frames[0]?.['position'] });
      if (answer['caughtUp'] !== true) throw new Error(`sync: ${JSON.stringify(answer)}`);
      return socket;
    },
    say: async (actor, command) => {
      const reply = await run(world, { ...command, actor });
      if (typeof reply === 'string') throw new Error(`${command.type}: ${reply}`);
      return reply;
    },
    close: async () => {
      await gateway.close(1_000);
      await views.close();
      await store.close();
    },
  };
}

/** No two events are of the same millisecond, however fast they follow: a replay has to wait between any two. */
function createTickingClock(): () => number {
  let last = 0;
  return () => {
    last = Math.max(last + 1, Date.now());
    return last;
  };
}

function recorder(logged: { level: string; message: string }[]): GatewayLogger {
  const at =
    (level: string) =>
    (fields: object, message: string): void =>
      void logged.push({
        level,
        message: 'err' in fields && fields.err instanceof Error ? `${message}: ${fields.err.message}` : message,
      });
  return { info: at('info'), warn: at('warn'), error: at('error') };
}

function createStubAuth(clock: () => number, verify?: WorldOptions['verify']) {
  const principals = new Map<string, Principal>();
  const listeners = new Set<(sessionId: string) => void>();
  let count = 0;
  const never = (): never => {
    throw new Error('not of these tests');
  };
  const known = async (token: string): Promise<Outcome<Principal>> => {
    const principal = principals.get(token);
    if (!principal) return rejected('unauthenticated', 'no such token');
    return principal.expiresAt > clock() ? accepted(principal) : rejected('token-expired', 'expired');
  };
  const auth: Auth = {
    register: never,
    signIn: never,
    refresh: never,
    signOut: never,
    changePassword: never,
    operatorToken: never,
    verify: verify ?? known,
    onSessionEnd: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: async () => undefined,
  };
  return {
    auth,
    token(userId: string, { sessionId, livesMs = TOKEN_LIFE_MS }: { sessionId?: string; livesMs?: number } = {}) {
      const token = `t${++count}.x.y`;
      principals.set(token, { userId, sessionId: sessionId ?? `s${count}`, expiresAt: clock() + livesMs });
      return token;
    },
    endSession: (sessionId: string) => {
      for (const listener of listeners) listener(sessionId);
    },
  };
}
