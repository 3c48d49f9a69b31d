import { existsSync } from 'node:fs';
import type { Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Auth } from '../../gateway/auth/api.ts';
import type { GatewayContext } from '../../gateway/context.ts';
import { createHttpApp } from '../../gateway/http/app.ts';
import type { DemoSignIn } from '../../gateway/http/options.ts';
import { serveHttp } from '../../gateway/http/server.ts';
import { createRateLimits } from '../../gateway/rate-limits.ts';
import { asyncapiDocument } from '../../gateway/ws/asyncapi.ts';
import { createGateway } from '../../gateway/ws/gateway.ts';
import { systemClock } from '../../infra/system/clock.ts';
import { emoji } from '../../infra/system/emoji.ts';
import { chooseSocketServer } from '../../infra/ws/choose.ts';
import { openAuth } from '../open-auth.ts';
import { VERSION, WEB_FOLDER } from '../package-root.ts';
import { hostInUrl, isAnyAddress, ownOrigins } from './addresses.ts';
import type { Composition } from './composition.ts';
import type { Engine } from './engine.ts';
import { exposeMetrics } from './metrics.ts';

/** What clients reach: accounts, sockets and HTTP, listening. */
export interface Edges {
  auth: Auth;
  http: string;
  gateway: string;
}

export interface EdgeState {
  logger: Logger;
  started(): boolean;
  demo(): DemoSignIn | null;
}

/** Sockets may take so long to hear the answers that are open. */
const DRAIN_MS = 5_000;
/** Views that are further behind than this are worth an alarm; sending goes on without them. */
const VIEWS_LAG_MAX_MS = 30_000;

export async function openEdges(on: Composition, engine: Engine, state: EdgeState): Promise<Edges> {
  const { config } = on;
  const { projections } = engine;
  const addresses = { http: '', gateway: '' };
  const auth = await openAuth({
    folder: on.folder,
    commands: engine.log.commands,
    config,
    logger: state.logger,
    gatewayUrl: () => addresses.gateway,
  });
  on.onClose(auth.close);
  const origins = [...config.origins];
  const context = contextOf(on, engine, { auth, logger: state.logger, origins });

  const gateway = await createGateway(context, { adapter: await chooseSocketServer(on.warn) });
  on.onClose(() => gateway.close(DRAIN_MS));
  if (config.publicGatewayUrl === null && isAnyAddress(config.host)) {
    on.warn(
      `${config.host} is no address that clients could connect to: set publicGatewayUrl to the one they are given`,
    );
  }
  addresses.gateway = config.publicGatewayUrl ?? `ws://${hostInUrl(config.host)}:${gateway.port}/v1/ws`;

  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  exposeMetrics(metrics, { gateway: gateway.counters, projections });
  const app = await createHttpApp({
    context,
    limits: createRateLimits(config.rateLimits),
    projections: projections.admin,
    health: {
      started: state.started,
      checks: () => ({ views: projections.progress.lagMs() < VIEWS_LAG_MAX_MS }),
    },
    metrics,
    qualifyEmoji: emoji.qualify,
    version: VERSION,
    gatewayUrl: () => addresses.gateway,
    asyncapi: () => asyncapiDocument(addresses.gateway),
    demo: () => (config.publicUrl === null ? state.demo() : null), // behind a proxy every caller looks local
    ...(existsSync(WEB_FOLDER) && { webRoot: WEB_FOLDER }),
  });
  const http = await serveHttp(app, { host: config.host, port: config.port });
  on.onClose(http.close);
  addresses.http = config.publicUrl ?? http.url;
  if (origins.length === 0) origins.push(...ownOrigins(addresses.http, http.port));
  return { auth, ...addresses };
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
