import { setTimeout as delay } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { UserId } from '../../events/ids.ts';
import type { SocketContext } from '../context.ts';
import { CLOSE } from '../errors.ts';
import { createRateLimits } from '../rate-limits.ts';
import { LAST_MOVE_AFTER_MS } from '../slots/limits.ts';
import type { Doorkeeper } from './authorize.ts';
import type { Admission, Connection } from './connection.ts';
import type { GatewayCounters } from './counters.ts';
import { createServices } from './create-services.ts';
import { createDeadlines } from './deadlines.ts';
import type { AroundOp, Dispatch } from './dispatch.ts';
import { type Ending, settle } from './ending.ts';
import {
  CLOSE_LINGER_MS,
  DEADLINE_TICK_MS,
  FRAME_MAX_BYTES,
  GATEWAY_PATH,
  HEARTBEAT_GRACE_MS,
  HEARTBEAT_MS,
  OUTBOX_HARD_BYTES,
  RECEIVE_MAX_BYTES,
  UPGRADE_DEADLINE_MS,
} from './limits.ts';
import type { SocketAdapter } from './port.ts';
import type { Bucket } from './rate.ts';
import { createRegistry } from './registry.ts';
import type { Services } from './services.ts';
import { COMMAND_LIMITS_MAX, type Edge, expire, handlersOf } from './sockets.ts';

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
  /**
   * Lets those go that were told where to, answers what is open, as far as the deadline allows, then closes every socket:
   * with 4410 where another gateway serves its user by now, else with 4503.
   */
  close(deadlineMs: number): Promise<void>;
}

/** The WebSocket gateway: listens when this resolves. */
export async function createGateway(context: SocketContext, options: GatewayOptions): Promise<Gateway> {
  const { auth, clock, logger, settings } = context;
  const { rateLimits } = settings;
  const registry = createRegistry();
  const { services, flusher, close: closeServices } = await createServices(context, registry);
  const { hub, counters, slots } = services;
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
  const commandLimits = new LRUCache<UserId, Bucket>({ max: COMMAND_LIMITS_MAX });
  const edge: Edge = {
    services,
    registry,
    flusher,
    deadlines,
    dispatch,
    heartbeatMs,
    rateLimits,
    commandLimits,
  };
  const limits = createRateLimits(rateLimits);
  const door: Doorkeeper = {
    auth,
    settings,
    registry,
    slots,
    counters,
    logger,
    limits,
    head: () => context.log.head(),
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
      server.stopListening();
      await services.moves.gone(LAST_MOVE_AFTER_MS);
      ending.closing = true;
      await settle(registry, ending, deadlineMs);
      const left = [...registry.all];
      for (const connection of left) sendOff(services, connection);
      forget();
      closeServices();
      deadlines.close();
      await hub.close();
      if (left.length > 0) await delay(CLOSE_LINGER_MS);
      await server.close();
    },
  };
}

function sendOff({ moves }: Services, connection: Connection): void {
  if (!moves.sendOff(connection)) connection.close(CLOSE.shuttingDown, 'shutting down: reconnect');
}

const dispatchOf = (services: Services, ending: Ending, { aroundOp }: GatewayOptions): Dispatch => ({
  services,
  closing: () => ending.closing,
  answered: () => ending.settled?.(),
  ...(aroundOp && { around: aroundOp }),
});
