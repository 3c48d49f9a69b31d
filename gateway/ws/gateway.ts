import { setTimeout as delay } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { monotonicFactory } from 'ulid';
import type { UserId } from '../../events/ids.ts';
import type { SocketContext } from '../context.ts';
import { CLOSE } from '../errors.ts';
import { createRateLimits, RATE_LIMITS } from '../rate-limits.ts';
import { authorize, type Doorkeeper } from './authorize.ts';
import { type Admission, Connection, type FrameLimit } from './connection.ts';
import { count, createCounters, type GatewayCounters } from './counters.ts';
import { createDeadlines, type Deadlines } from './deadlines.ts';
import { type AroundOp, type Dispatch, onFrame } from './dispatch.ts';
import { createGate } from './gate.ts';
import { startHub } from './hub/hub.ts';
import {
  CATCH_UPS_AT_ONCE,
  CLOSE_LINGER_MS,
  DEADLINE_TICK_MS,
  FRAME_MAX_BYTES,
  GATEWAY_PATH,
  HEARTBEAT_GRACE_MS,
  HEARTBEAT_MS,
  OUTBOX_HARD_BYTES,
  RATE_STRIKES,
  RECEIVE_MAX_BYTES,
  UPGRADE_DEADLINE_MS,
} from './limits.ts';
import { createFlusher, type Flusher } from './outbox.ts';
import type { Socket, SocketAdapter, SocketHandlers } from './port.ts';
import { type Bucket, createBucket } from './rate.ts';
import { createRegistry, type Registry } from './registry.ts';
import type { Services } from './services.ts';
import { welcomeFrame } from './welcome.ts';

export interface GatewayOptions {
  readonly adapter: SocketAdapter;
  /** Within how long clients are told to ping. */
  readonly heartbeatMs?: number;
  readonly heartbeatGraceMs?: number;
  /** Goes around every op: tracing. */
  readonly aroundOp?: AroundOp;
}

export interface Gateway {
  readonly port: number;
  readonly counters: GatewayCounters;
  /** Answers what is open, as far as the deadline allows, then closes every socket with 4503. */
  close(deadlineMs: number): Promise<void>;
}

interface Edge {
  readonly services: Services;
  readonly registry: Registry;
  readonly flusher: Flusher;
  readonly deadlines: Deadlines<Connection>;
  readonly dispatch: Dispatch;
  readonly heartbeatMs: number;
  readonly rateLimits: boolean;
  readonly commandLimits: LRUCache<UserId, Bucket>;
}

/** Users whose rate of commands is remembered. */
const COMMAND_LIMITS_MAX = 10_000;

/** The WebSocket gateway: listens when this resolves. */
export async function createGateway(context: SocketContext, options: GatewayOptions): Promise<Gateway> {
  const { auth, clock, commands, feed, log, logger, queries, settings } = context;
  const flusher = createFlusher(() => counters);
  const counters: GatewayCounters = createCounters(() => sumOf(flusher.congested, (outbox) => outbox.bufferedBytes));
  const hub = await startHub({ feed, queries, commands, logger, clock, flusher, counters });
  const catchUps = createGate(CATCH_UPS_AT_ONCE);
  const services: Services = {
    commands,
    queries,
    auth,
    log,
    logger,
    clock,
    hub,
    catchUps,
    counters,
    newId: monotonicFactory(),
  };
  const registry = createRegistry();
  const { heartbeatMs = HEARTBEAT_MS, heartbeatGraceMs = HEARTBEAT_GRACE_MS } = options;
  const silence = heartbeatMs + heartbeatGraceMs;
  const deadlines = createDeadlines<Connection>({
    tickMs: DEADLINE_TICK_MS,
    clock,
    dueAt: (connection) => Math.min(connection.principal.expiresAt, connection.lastFrameAt + silence),
    due: (connection) => expire(connection, clock()),
  });
  const ending: Ending = { closing: false, settled: null };
  const dispatch = dispatchOf(services, ending, options);
  const { rateLimits } = settings;
  const commandLimits = new LRUCache<UserId, Bucket>({ max: COMMAND_LIMITS_MAX });
  const edge: Edge = { services, registry, flusher, deadlines, dispatch, heartbeatMs, rateLimits, commandLimits };
  const door: Doorkeeper = {
    auth,
    settings,
    registry,
    counters,
    logger,
    limits: createRateLimits(rateLimits),
    closing: dispatch.closing,
  };
  const server = options.adapter.create<Admission>(handlersOf(edge, door), {
    path: GATEWAY_PATH,
    maxFrameBytes: FRAME_MAX_BYTES,
    maxReceiveBytes: RECEIVE_MAX_BYTES,
    maxBufferedBytes: OUTBOX_HARD_BYTES,
    upgradeDeadlineMs: UPGRADE_DEADLINE_MS,
  });
  const forget = auth.onSessionEnd((sessionId) =>
    registry.ofSession(sessionId)?.close(CLOSE.unauthenticated, 'the session has ended'),
  );
  const port = await server.listen({ host: settings.host, port: settings.gatewayPort });
  return {
    port,
    counters,
    close: async (deadlineMs) => {
      ending.closing = true;
      server.stopListening();
      await settle(registry, ending, deadlineMs);
      const left = [...registry.all];
      for (const connection of left) connection.close(CLOSE.shuttingDown, 'shutting down: reconnect');
      forget();
      deadlines.close();
      await hub.close();
      if (left.length > 0) await delay(CLOSE_LINGER_MS);
      await server.close();
    },
  };
}

const dispatchOf = (services: Services, ending: Ending, { aroundOp }: GatewayOptions): Dispatch => ({
  services,
  closing: () => ending.closing,
  answered: () => ending.settled?.(),
  ...(aroundOp && { around: aroundOp }),
});

function handlersOf(edge: Edge, door: Doorkeeper): SocketHandlers<Admission> {
  return {
    authorize: (request) => authorize(door, request),
    opened: (socket) => opened(edge, socket),
    frame: (socket, text, bytes) => {
      const { connection } = socket.data;
      if (connection && socket.open) onFrame(edge.dispatch, connection, { text, bytes });
    },
    drained: (socket) => socket.data.connection?.outbox.drained(),
    closed: (socket, code) => closed(edge, socket, code),
  };
}

function opened(edge: Edge, socket: Socket<Admission>): void {
  const { services, flusher, registry, deadlines } = edge;
  const { principal } = socket.data;
  const frameLimit = edge.rateLimits ? frameLimitOf(services.clock) : null;
  const commandLimit = edge.rateLimits ? commandLimitOf(edge, principal.userId) : null;
  const connection = new Connection({ socket, services, flusher, frameLimit, commandLimit });
  socket.data.connection = connection;
  services.counters.connections += 1;
  services.counters.connectionsTotal += 1;
  registry.add(connection)?.close(CLOSE.replaced, 'the same session connected again');
  deadlines.add(connection);
  connection.outbox.push(welcomeFrame(services, principal, edge.heartbeatMs), null);
  connection.outbox.flush();
}

const frameLimitOf = (clock: () => number): FrameLimit => ({
  frames: createBucket(RATE_LIMITS.framePerSocket, clock),
  strikes: createBucket(RATE_STRIKES, clock),
});

function commandLimitOf({ commandLimits, services }: Edge, userId: UserId): Bucket {
  const known = commandLimits.get(userId);
  if (known) return known;
  const bucket = createBucket(RATE_LIMITS.commandPerUser, services.clock);
  commandLimits.set(userId, bucket);
  return bucket;
}

function closed({ services, registry, deadlines }: Edge, socket: Socket<Admission>, code: number): void {
  const { connection } = socket.data;
  if (!connection) return;
  socket.data.connection = null;
  services.counters.connections -= 1;
  count(services.counters.closes, code);
  registry.remove(connection);
  deadlines.remove(connection);
  services.hub.unregister(connection);
  for (const replay of connection.replays.values()) replay.end('stopped');
  connection.outbox.closed();
}

function expire(connection: Connection, now: number): void {
  if (connection.principal.expiresAt <= now) connection.close(CLOSE.unauthenticated, 'the access token has expired');
  else connection.close(CLOSE.idle, 'no ping came in time');
}

interface Ending {
  closing: boolean;
  settled: (() => void) | null;
}

/** Resolves when no request is open any more, or at the deadline. */
function settle(registry: Registry, ending: Ending, deadlineMs: number): Promise<void> {
  const open = (): boolean => [...registry.all].some(({ commandsOpen }) => commandsOpen > 0);
  if (!open()) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, deadlineMs);
    ending.settled = () => {
      if (open()) return;
      clearTimeout(timer);
      resolve();
    };
  });
}

function sumOf<T>(items: Iterable<T>, of: (item: T) => number): number {
  let sum = 0;
  for (const item of items) sum += of(item);
  return sum;
}
