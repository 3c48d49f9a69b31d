import type { LRUCache } from 'lru-cache';
import type { UserId } from '../../events/ids.ts';
import { CLOSE } from '../errors.ts';
import { RATE_LIMITS } from '../rate-limits.ts';
import { authorize, type Doorkeeper } from './authorize.ts';
import { type Admission, Connection, type FrameLimit } from './connection.ts';
import { count } from './counters.ts';
import type { Deadlines } from './deadlines.ts';
import { type Dispatch, onFrame } from './dispatch.ts';
import { RATE_STRIKES } from './limits.ts';
import type { Flusher } from './outbox.ts';
import type { Socket, SocketHandlers } from './port.ts';
import { type Bucket, createBucket } from './rate.ts';
import type { Registry } from './registry.ts';
import type { Services } from './services.ts';
import { welcomeFrame } from './welcome.ts';

export interface Edge {
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
export const COMMAND_LIMITS_MAX = 10_000;

/** What becomes of a socket, from its upgrade to its end. */
export function handlersOf(edge: Edge, door: Doorkeeper): SocketHandlers<Admission> {
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
  const first = registry.ofUser(principal.userId) === 0;
  registry.add(connection)?.close(CLOSE.replaced, 'the same session connected again');
  deadlines.add(connection);
  connection.outbox.push(welcomeFrame(services, connection, edge.heartbeatMs), null);
  services.presence.opened(principal.userId, first);
  services.moves.redirect(connection);
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
  services.presence.closed(connection, registry.ofUser(connection.userId) === 0);
  deadlines.remove(connection);
  services.hub.unregister(connection);
  for (const replay of connection.replays.values()) replay.end('stopped');
  connection.outbox.closed();
}

export function expire(connection: Connection, now: number): void {
  if (connection.principal.expiresAt <= now) connection.close(CLOSE.unauthenticated, 'the access token has expired');
  else connection.close(CLOSE.idle, 'no ping came in time');
}
