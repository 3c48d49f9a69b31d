import { decode, decodeChatEvent } from '../../../../events/codec.ts';
import { accepted, type Outcome, rejected } from '../../../../events/error-codes.ts';
import type { RecordedEvent } from '../../../../events/event-store.ts';
import { chatOf, receiptsOf } from '../../../../events/streams.ts';
import type { Auth, Principal } from '../../../../gateway/auth/api.ts';
import type { GatewayContext, GatewayLogger } from '../../../../gateway/context.ts';
import { createGateway, type Gateway, type GatewayOptions } from '../../../../gateway/ws/gateway.ts';
import type { SocketAdapter } from '../../../../gateway/ws/port.ts';
import { createQueries, type Queries } from '../../../../queries/index.ts';
import { createWorld, type Loose, registerUsers, run, user, type World } from '../../../support/commands.ts';
import { createNaiveViews } from '../../../support/naive-views.ts';
import { openSocket, type TestSocket } from '../../../support/protocol-client.ts';
import { EPOCH } from '../../../support/random-chat.ts';
import { createLiveStore } from './live-store.ts';

export const ORIGIN = 'http://127.0.0.1:4000';
const TOKEN_LIFE_MS = 900_000;

export interface GatewayWorld {
  readonly world: World;
  readonly gateway: Gateway;
  readonly url: string;
  readonly context: GatewayContext;
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
  say(actor: string, command: Loose): Promise<{ chatId: string; seq: number }>;
  close(): Promise<void>;
}

export interface WorldOptions {
  adapter: SocketAdapter;
  gateway?: Partial<GatewayOptions>;
  rateLimits?: boolean;
  /** Stands in front of the real queries or commands. */
  wrapQueries?: (queries: Queries) => Queries;
  wrapCommands?: (commands: World['commands']) => World['commands'];
  verify?: (token: string) => Promise<Outcome<Principal>>;
}

/** The gateway over the real commands and queries, a store in memory and views that fold it anew for each question. */
export async function startWorld(options: WorldOptions): Promise<GatewayWorld> {
  const views = createNaiveViews();
  const skew = { ms: 0 };
  const clock = (): number => Date.now() + skew.ms;
  let head = 0;
  let held: number | null = null;
  let waiting: (() => void)[] = [];
  const store = createLiveStore({
    clock: Date.now,
    appended: (event) => {
      head = event.position;
      project(views, event);
    },
  });
  const world = createWorld({ store, clock: Date.now });
  await registerUsers(store, ...Array.from({ length: 9 }, (_, i) => user(i + 1)));
  const position = (): number => held ?? head;
  const reached = async (wanted: number): Promise<boolean> => {
    if (position() < wanted) await new Promise<void>((resolve) => waiting.push(resolve));
    return position() >= wanted;
  };
  const queries = createQueries({
    ...views.deps,
    head: () => store.head(),
    progress: { position, reached, lagMs: () => 0 },
  });
  const { auth, token, endSession } = createStubAuth(clock, options.verify);
  const logged: { level: string; message: string }[] = [];
  const commands = options.wrapCommands?.(world.commands) ?? world.commands;
  const context: GatewayContext = {
    ...{ commands, auth, clock, log: store, queries: options.wrapQueries?.(queries) ?? queries },
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
    ...{ world, gateway, url, context, skew, logged, token, endSession, open },
    hold: () => {
      held = head;
      views.hold(head);
    },
    release: () => {
      held = null;
      views.hold(null);
      for (const resume of waiting.splice(0)) resume();
      waiting = [];
    },
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
      await store.close();
    },
  };
}

function project(views: ReturnType<typeof createNaiveViews>, event: RecordedEvent): void {
  if (chatOf(event.stream) !== null) return views.add(decodeChatEvent(event, EPOCH));
  const receipts = receiptsOf(event.stream);
  if (!receipts) return;
  views.mark(receipts.chatId, receipts.userId, decode(event).data as { readSeq: number; deliveredSeq: number });
}

function recorder(logged: { level: string; message: string }[]): GatewayLogger {
  const at =
    (level: string) =>
    (fields: object, message: string): void =>
      void logged.push({ level, message: `${message} ${String((fields as { err?: unknown }).err ?? '')}` });
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
    ...{ register: never, signIn: never, refresh: never, signOut: never, changePassword: never, operatorToken: never },
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
