import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { type Logger, pino } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { EventLog } from '../events/event-store.ts';
import type { GatewayContext } from '../gateway/context.ts';
import { createHttpApp } from '../gateway/http/app.ts';
import { type HttpServer, serveHttp } from '../gateway/http/server.ts';
import { createRateLimits } from '../gateway/rate-limits.ts';
import { asyncapiDocument } from '../gateway/ws/asyncapi.ts';
import { createGateway, type Gateway } from '../gateway/ws/gateway.ts';
import type { Config } from '../infra/config.ts';
import { chatLogReader } from '../infra/sqlite/chat-log/reader.ts';
import { acquireServerLock } from '../infra/sqlite/event-store/index.ts';
import { openViews } from '../infra/sqlite/views/open-views.ts';
import { systemClock } from '../infra/system/clock.ts';
import { chooseSocketServer } from '../infra/ws/choose.ts';
import { createQueries } from '../queries/index.ts';
import { type DataFolder, dataFolder } from './data-folder.ts';
import { type Demo, readDemo, seedDemo } from './demo/seed.ts';
import { exposeMetrics } from './metrics.ts';
import { openAuth } from './open-auth.ts';
import { openLog } from './open-log.ts';
import { VERSION, WEB_FOLDER } from './package-root.ts';
import { type Projections, startProjections } from './projections/start.ts';

/** The whole engine in one process: the log, its views, and both edges. */
export interface Server {
  http: string;
  gateway: string;
  demo: Demo | null;
  /** Which library serves the sockets, and why. */
  sockets: string;
  /** Answers what is open, closes the edges, flushes, gives the data folder back. */
  close(): Promise<void>;
}

export interface ServerOptions {
  config: Config;
  warn(message: string): void;
  say(message: string): void;
  /** Something broke that this process cannot go on after. */
  onFatal(error: Error): void;
}

/** Sockets may take so long to hear the answers that are open. */
const DRAIN_MS = 5_000;
/** Views that are further behind than this are worth an alarm; sending goes on without them. */
const VIEWS_LAG_MAX_MS = 30_000;
const CAUGHT_UP_SAY_EVERY_MS = 2_000;

export async function startServer(options: ServerOptions): Promise<Server> {
  const { config } = options;
  const folder = dataFolder(config.data);
  const unlock = await acquireServerLock(folder.root);
  const closing: (() => unknown)[] = [unlock];
  const close = async (): Promise<void> => {
    for (let end = closing.pop(); end; end = closing.pop()) await end();
  };
  try {
    return await compose({ ...options, folder, onClose: (end) => void closing.push(end), close });
  } catch (error) {
    await close();
    throw error;
  }
}

interface Composition extends ServerOptions {
  folder: DataFolder;
  /** What is opened later is closed earlier. */
  onClose(end: () => unknown): void;
  close(): Promise<void>;
}

async function compose(on: Composition): Promise<Server> {
  const { config, folder } = on;
  const logger = pino({ level: config.logLevel, base: null }, pino.destination({ fd: 2, sync: true }));
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });

  const views = openViews(folder.views);
  on.onClose(views.close);
  const log = await openLog({
    file: folder.events,
    lookup: views.lookup,
    verify: true,
    onFatal: on.onFatal,
    onFault: (what, error) => logger.warn({ err: error }, what),
  });
  on.onClose(log.close);
  const projections = await startProjections({
    eventsFile: folder.events,
    viewsFile: folder.views,
    report: (report) => logger.warn({ report }, 'projections'),
    onFailure: (error) => {
      on.warn(
        `the projections have stopped: ${error.message}. Sending goes on; what is read falls behind until a restart.`,
      );
      logger.error({ err: error }, 'the projections have stopped');
    },
  });
  on.onClose(projections.close);
  on.onClose(nudgeOnAppend(log.store, projections, on.onFatal));

  const context = contextOf(on, { log, views, projections, logger });
  let gateway: Gateway | null = null;
  const addresses = { http: '', gateway: '' };
  const auth = await openAuth({ folder, commands: log.commands, config, logger, gatewayUrl: () => addresses.gateway });
  on.onClose(auth.close);
  const edge: GatewayContext = { ...context, auth };

  const sockets = await chooseSocketServer(on.warn);
  gateway = await createGateway(edge, { adapter: sockets });
  on.onClose(() => gateway?.close(DRAIN_MS));
  addresses.gateway = config.publicGatewayUrl ?? `ws://${hostInUrl(config.host)}:${gateway.port}/v1/ws`;
  exposeMetrics(metrics, { gateway: gateway.counters, projections });

  let started = false;
  let demo = readDemo(folder);
  const app = await createHttpApp({
    context: edge,
    limits: createRateLimits(config.rateLimits),
    projections: projections.admin,
    health: {
      started: () => started,
      checks: () => ({ views: projections.progress.lagMs() < VIEWS_LAG_MAX_MS }),
    },
    metrics,
    version: VERSION,
    gatewayUrl: () => addresses.gateway,
    asyncapi: () => asyncapiDocument(addresses.gateway),
    demo: () => (config.publicUrl === null ? demo : null), // behind a proxy every caller looks local
    ...(existsSync(WEB_FOLDER) && { webRoot: WEB_FOLDER }),
  });
  const http: HttpServer = await serveHttp(app, { host: config.host, port: config.port });
  on.onClose(http.close);
  addresses.http = config.publicUrl ?? http.url;
  if (edge.settings.origins.length === 0) (edge.settings.origins as string[]).push(...ownOrigins(http));

  await whenCaughtUp(on, { head: () => log.store.head(), progress: projections.progress });
  if (config.demo && isLoopback(config.host)) demo = await seedDemo(folder, { log, auth });
  else if (config.demo) on.say('No demo: it is made only for a server that listens on this machine alone.');
  started = true;
  await whenCaughtUp(on, { head: () => log.store.head(), progress: projections.progress });
  writeAddresses(folder, { http: addresses.http, gateway: addresses.gateway, pid: process.pid });
  on.onClose(() => rmSync(folder.addresses, { force: true }));
  return { ...addresses, demo, sockets: sockets.reason, close: on.close };
}

/** The views' thread hears of appends at once, rather than when it looks next. Returns what ends that. */
function nudgeOnAppend(log: EventLog, projections: Projections, onFatal: (error: Error) => void): () => Promise<void> {
  const over = new AbortController();
  const following = (async () => {
    for await (const batch of log.subscribe({ after: await log.head(), signal: over.signal }))
      projections.nudge(batch.position);
  })();
  following.catch(onFatal); // the log itself has failed
  return async () => {
    over.abort();
    await following;
  };
}

type Opened = {
  log: Awaited<ReturnType<typeof openLog>>;
  views: ReturnType<typeof openViews>;
  projections: Projections;
  logger: Logger;
};

function contextOf({ config }: Composition, { log, views, projections, logger }: Opened): Omit<GatewayContext, 'auth'> {
  const { store, commands } = log;
  return {
    commands,
    queries: createQueries({
      chatHistory: views.chatHistory,
      chatLog: chatLogReader(store),
      members: views.members,
      userChats: views.userChats,
      users: views.users,
      progress: projections.progress,
      head: () => store.head(),
      epoch: store.epoch,
      access: (chatId, userId) => commands.access(chatId, userId),
      clock: systemClock,
      userSearch: config.userSearch,
    }),
    log: store,
    settings: {
      host: config.host,
      httpPort: config.port,
      gatewayPort: config.gatewayPort,
      origins: [...config.origins],
      rateLimits: config.rateLimits,
    },
    logger,
    clock: systemClock,
  };
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || host.startsWith('127.');
const hostInUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host);

/** The page's own address, by both names that a browser may know a loopback server by. */
function ownOrigins({ url, port }: HttpServer): string[] {
  return [
    ...new Set([
      url,
      ...(/127\.0\.0\.1|\[::1\]|0\.0\.0\.0/.test(url) ? [`http://localhost:${port}`, `http://127.0.0.1:${port}`] : []),
    ]),
  ];
}

/** A server is ready when its views hold what the log held when it started: after they were deleted that takes a while. */
async function whenCaughtUp(
  on: Composition,
  { head, progress }: { head: () => Promise<number>; progress: Opened['projections']['progress'] },
): Promise<void> {
  const goal = await head();
  while (!(await progress.reached(goal, CAUGHT_UP_SAY_EVERY_MS))) {
    on.say(`The views are catching up with the log: ${progress.position()} of ${goal}.`);
  }
}

function writeAddresses(folder: DataFolder, addresses: { http: string; gateway: string; pid: number }): void {
  const draft = `${folder.addresses}.new`;
  writeFileSync(draft, `${JSON.stringify(addresses)}\n`);
  renameSync(draft, folder.addresses);
}
