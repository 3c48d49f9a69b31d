import { existsSync } from 'node:fs';
import type { Logger } from 'pino';
import type { Auth } from '../../gateway/auth/api.ts';
import type { GatewayContext, SocketContext } from '../../gateway/context.ts';
import { createHttpApp } from '../../gateway/http/app.ts';
import type { DemoSignIn, Health } from '../../gateway/http/options.ts';
import { serveHttp } from '../../gateway/http/server.ts';
import { createRateLimits } from '../../gateway/rate-limits.ts';
import { asyncapiDocument } from '../../gateway/ws/asyncapi.ts';
import { createGateway } from '../../gateway/ws/gateway.ts';
import { systemClock } from '../../infra/system/clock.ts';
import { emoji } from '../../infra/system/emoji.ts';
import { chooseSocketServer } from '../../infra/ws/choose.ts';
import { exposeGatewayMetrics } from '../metrics/gateway.ts';
import { exposeProjectionMetrics } from '../metrics/projections.ts';
import type { Observer } from '../observer.ts';
import { VERSION, WEB_FOLDER } from '../package-root.ts';
import { openParkedAdmin } from '../parked-admin.ts';
import { hostInUrl, isAnyAddress, knownOrigins, ownOrigins } from './addresses.ts';
import type { Composition } from './composition.ts';
import type { Engine } from './engine.ts';

/** What clients reach: sockets and HTTP. A process opens both, one, or none. */
export interface Edges {
  openSockets(auth: Auth, side: SocketSide): Promise<void>;
  openHttp(auth: Auth, state: HttpState): Promise<void>;
  /** The address that clients are given; empty until sockets are open. */
  gatewayUrl(): string;
  httpUrl(): string;
}

export interface HttpState extends Health {
  demo(): DemoSignIn | null;
  /** False where probes and metrics have a port of their own. */
  probes?: boolean;
}

/** What sockets need that depends on whether they serve everybody. */
export type SocketSide = Pick<SocketContext, 'feed' | 'slots' | 'signals'>;

export interface EdgeOptions {
  logger: Logger;
  observer: Observer;
  /** Other gateways that sessions name. */
  others?: () => readonly string[];
}

/** Sockets may take so long to hear the answers that are open. */
const DRAIN_MS = 5_000;

export function createEdges(
  on: Composition,
  engine: Engine,
  { logger, observer, others = () => [] }: EdgeOptions,
): Edges {
  const { config } = on;
  const { metrics, telemetry } = observer;
  const addresses = { http: '', gateway: '' };
  const origins = knownOrigins(config);
  const gatewayUrls = () => [...new Set([addresses.gateway, ...others()])].filter((url) => url !== '');
  exposeProjectionMetrics(metrics, engine.projections);
  return {
    gatewayUrl: () => addresses.gateway,
    httpUrl: () => addresses.http,
    async openSockets(auth, { feed, slots, signals }) {
      const context = {
        ...contextOf(on, engine, { auth, logger, origins }),
        feed: telemetry.feed(feed),
        signals,
        onFatal: on.onFatal,
        ...(slots && { slots }),
      };
      const { aroundOp } = telemetry;
      const adapter = await chooseSocketServer(on.warn);
      const gateway = await createGateway(context, { adapter, ...(aroundOp && { aroundOp }) });
      on.onClose(() => gateway.close(DRAIN_MS));
      if (config.publicGatewayUrl === null && isAnyAddress(config.host)) {
        on.warn(
          `${config.host} is no address that clients could connect to: set publicGatewayUrl to the one they are given`,
        );
      }
      addresses.gateway = config.publicGatewayUrl ?? `ws://${hostInUrl(config.host)}:${gateway.port}/v1/ws`;
      exposeGatewayMetrics(metrics, gateway.counters);
    },
    async openHttp(auth, { demo, probes, ...health }) {
      const app = await createHttpApp({
        context: contextOf(on, engine, { auth, logger, origins }),
        limits: createRateLimits(config.rateLimits),
        projections: engine.projections.admin,
        parked: openParkedAdmin(engine.projections.parked, {
          commands: engine.log.commands,
          epoch: engine.log.store.epoch,
        }),
        health,
        metrics,
        probes: probes ?? true,
        qualifyEmoji: emoji.qualify,
        version: VERSION,
        gatewayUrls,
        asyncapi: () => asyncapiDocument(gatewayUrls()),
        demo: () => (config.publicUrl === null ? demo() : null), // behind a proxy every caller looks local
        ...(existsSync(WEB_FOLDER) && { webRoot: WEB_FOLDER }),
        ...(telemetry.instrument && { instrument: telemetry.instrument }),
      });
      const http = await serveHttp(app, { host: config.host, port: config.port });
      on.onClose(http.close);
      addresses.http = config.publicUrl ?? http.url;
      if (config.origins.length === 0) origins.push(...ownOrigins(addresses.http, http.port));
    },
  };
}

function contextOf(
  { config }: Composition,
  { log, queries }: Engine,
  { auth, logger, origins }: { auth: Auth; logger: Logger; origins: string[] },
): GatewayContext {
  return {
    commands: log.commands,
    queries,
    auth,
    log: log.store,
    settings: {
      host: config.host,
      httpPort: config.port,
      gatewayPort: config.gatewayPort,
      origins,
      rateLimits: config.rateLimits,
    },
    logger,
    clock: systemClock,
  };
}
