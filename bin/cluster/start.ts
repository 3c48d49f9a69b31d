import type { Logger } from 'pino';
import { pino } from 'pino';
import type { Auth } from '../../gateway/auth/api.ts';
import { createOpsApp } from '../../gateway/http/ops-app.ts';
import type { Health } from '../../gateway/http/options.ts';
import { serveHttp } from '../../gateway/http/server.ts';
import { GATEWAY_DEAD_AFTER_MS } from '../../gateway/slots/limits.ts';
import type { ClusterConfig } from '../../infra/config.ts';
import { createSlotLeases } from '../../infra/postgres/slot-leases.ts';
import { dataFolder } from '../data-folder.ts';
import { countReconnects } from '../metrics/event-store.ts';
import { exposeSlotMetrics } from '../metrics/gateway.ts';
import type { Observer } from '../observer.ts';
import { openAuth } from '../open-auth.ts';
import { openObserver } from '../open-observer.ts';
import { VERSION } from '../package-root.ts';
import { knownOrigins, removeAddresses, writeAddresses } from '../server/addresses.ts';
import { type Composition, composed, type ServerOptions } from '../server/composition.ts';
import { createEdges, type Edges } from '../server/edges.ts';
import type { Engine } from '../server/engine.ts';
import type { Server } from '../server/server.ts';
import { ids } from '../write-side.ts';
import { openEngine } from './engine.ts';
import { openGatewaySide } from './gateway-side.ts';
import { openGenerations, type ViewGenerations } from './generations/open.ts';
import { withRepairs } from './generations/repairs.ts';
import { openClusterSecrets } from './ground.ts';
import { observeWorkers } from './observe-workers.ts';
import { openClusterLog } from './open-log.ts';
import { type Probes, startProbes } from './probes.ts';
import { type Reached, reachServers } from './reach-for-roles.ts';
import { postgresOptions, type Reach } from './reach-server.ts';
import type { Roles } from './roles.ts';
import { slotDirectory } from './slot-directory.ts';
import { startDeliveries, startProjectors, startRelay, type WorkerDeps } from './workers.ts';

/** Another process may have to be missed first, whose partitions these will be. */
const CATCH_UP_MS = 30_000;
const SLOTS_SETTLE_MS = 10_000;

export interface ClusterOptions extends ServerOptions {
  config: ClusterConfig;
  roles: Roles;
}

/** What the steps of starting share. */
interface Starting {
  readonly on: Composition;
  readonly config: ClusterConfig;
  readonly roles: Roles;
  readonly reach: Reach & { probes: Probes };
  readonly logger: Logger;
  readonly observer: Observer;
}

/** One process of a cluster, with the roles that it was given. */
export function startCluster(options: ClusterOptions): Promise<Server> {
  return composed(options, async (on) => {
    const { config, roles } = options;
    const logger = pino({ level: config.logLevel, base: null }, pino.destination({ fd: 2, sync: true }));
    const processId = ids.ulid();
    const observer = await openObserver(on, {
      'service.instance.id': processId,
      'hindsight.roles': [...roles].join(','),
    });
    const probes = startProbes();
    on.onClose(probes.close);
    const reach = {
      probes,
      config,
      processId,
      onClose: on.onClose,
      onFatal: on.onFatal,
      fault: (what: string, error?: unknown) => logger.warn({ err: error }, what),
      reconnected: countReconnects(observer.metrics),
    };
    return start({ on, config, roles, reach, logger, observer });
  });
}

async function start(starting: Starting): Promise<Server> {
  const { on, config, roles, reach } = starting;
  const folder = dataFolder(config.data);
  removeAddresses(folder);
  const health = createHealth(reach.probes);
  const ops = await openOps(starting, health);
  const reached = await reachServers(reach, roles);
  const views = openViews(starting, reached);
  await startWorkers(starting, reached, views);
  const edges = await startEdges(starting, { reached, views, health });
  health.isStarted = true;
  const http = edges?.httpUrl() || null;
  const gateway = edges?.gatewayUrl() || null;
  writeAddresses(folder, { ...(http && { http }), ...(gateway && { gateway }), ops, pid: process.pid });
  on.onClose(() => removeAddresses(folder));
  return { http, gateway, ops, demo: null, close: on.close };
}

/** Before anything else: whoever asks is told what is waited for. */
async function openOps({ on, config, logger, observer }: Starting, health: Health): Promise<string> {
  const app = await createOpsApp({ logger, metrics: observer.metrics, version: VERSION, health });
  const ops = await serveHttp(app, { host: config.host, port: config.opsPort });
  on.onClose(ops.close);
  return ops.url;
}

interface ClusterHealth extends Health {
  isStarted: boolean;
}

function createHealth(probes: Probes): ClusterHealth {
  const health: ClusterHealth = {
    isStarted: false,
    started: () => health.isStarted,
    checks: probes.checks,
    why: probes.why,
  };
  return health;
}

/** Of a process that needs the stores of all views. */
function openViews(starting: Starting, reached: Reached): ViewGenerations | null {
  const { on, config, reach } = starting;
  const { cassandra, store, postgres, checkpoints } = reached;
  if (!cassandra) return null;
  const { processId: owner, fault } = reach;
  const log = openClusterLog({ store, postgres, onFault: fault });
  on.onClose(log.close);
  const views = openGenerations({
    log: store,
    postgres,
    postgresOptions: postgresOptions(config, { name: owner, fault }),
    cassandra,
    checkpoints,
    partitions: config.partitions,
    owner,
    record: log.commands.recordOps,
    onFault: fault,
  });
  on.onClose(views.close);
  return views;
}

async function startWorkers(starting: Starting, reached: Reached, views: ViewGenerations | null): Promise<void> {
  const { on, config, roles, reach, logger } = starting;
  const { store, postgres, checkpoints, kafka, topics } = reached;
  if (!kafka || !topics) return;
  const observer = observeWorkers(starting.observer, { roles, log: store, postgres, partitions: config.partitions });
  const deps: WorkerDeps = {
    config,
    processId: reach.processId,
    log: store,
    postgres,
    checkpoints,
    kafka,
    topics,
    observer,
    report(report) {
      observer.report(report);
      if (report.kind === 'batch') return;
      const level =
        report.kind === 'claimed' || report.kind === 'released' ? 'info' : report.kind === 'parked' ? 'error' : 'warn';
      logger[level]({ report }, 'projections');
    },
    onUnknown: observer.onUnknown,
    onFault: reach.fault,
    onClose: on.onClose,
    onFatal: on.onFatal,
  };
  const relay = roles.has('relay') ? await startRelay(deps) : null;
  const projectors = roles.has('projector') && views ? await startProjectors(deps, views) : [];
  if (roles.has('projector')) views?.driver.adopt();
  const deliveries = roles.has('deliveries') ? [await startDeliveries(deps)] : [];
  observer.show({ relay, followers: () => [...projectors, ...deliveries] });
}

/** A process that fills the views is ready when they hold what the log held: one that only reads them waits for nobody. */
async function caughtUp(on: Composition, { log, projections }: Engine): Promise<void> {
  const goal = await log.store.head();
  if (await projections.progress.reached(goal, CATCH_UP_MS)) return;
  on.warn(`the views are still catching up with the log: ${projections.progress.position()} of ${goal}`);
}

/** A page is let in by where it came from. Another process may have served it, at an address that this one cannot know. */
function warnOfOrigins({ on, config, roles }: Starting, hasOthers: boolean): void {
  if (knownOrigins(config).length > 0) return;
  if (!roles.has('http')) {
    on.warn('no page of a browser may connect to this gateway: set origins, or publicUrl, to where the console is');
  } else if (hasOthers) {
    on.warn('there are other gateways: only the page of this very process may connect here until origins are set');
  }
}

async function startEdges(
  starting: Starting,
  { reached, views, health }: { reached: Reached; views: ViewGenerations | null; health: Health },
): Promise<Edges | null> {
  const { on, config, roles, logger, observer, reach } = starting;
  const { store, postgres, kafka, topics } = reached;
  if (!views || !(roles.has('http') || roles.has('gateway'))) return null;
  const engine = openEngine({ store, postgres, views, config, onClose: on.onClose, onFault: reach.fault, observer });
  const { slots } = config;
  const leases = createSlotLeases(postgres, { slots, deadAfterMs: GATEWAY_DEAD_AFTER_MS });
  const directory = slotDirectory({ leases, slots, onFault: reach.fault });
  on.onClose(directory.close);
  const edges = createEdges(on, engine, { logger, observer, others: directory.urls });
  const auth: Auth = await openAuth({
    ...(await openClusterSecrets(postgres)),
    commands: engine.log.commands,
    config,
    logger,
    gatewayUrl: (userId) => directory.urlOf(userId) ?? (edges.gatewayUrl() || null),
  });
  on.onClose(auth.close);
  if (roles.has('gateway') && kafka && topics) {
    const { processId, onClose, onFatal } = reach;
    const { epoch } = store;
    const side = openGatewaySide({ config, processId, epoch, postgres, kafka, topics, logger, onClose, onFatal });
    const signals = withRepairs(side.signals, { jobs: views.jobs, onFault: reach.fault });
    onClose(signals.close);
    await edges.openSockets(auth, { ...side, signals });
    exposeSlotMetrics(observer.metrics, {
      owned: () => side.ownership.owned().length,
      misses: side.feed.misses,
      dropped: side.signals.dropped,
    });
    side.ownership.start(edges.gatewayUrl());
    on.onClose(side.ownership.close);
    if (!(await side.settled(SLOTS_SETTLE_MS))) on.warn('some slots are still another gateway’s');
    warnOfOrigins(starting, directory.urls().length > 1);
  }
  if (roles.has('http')) await edges.openHttp(auth, { ...health, demo: () => null, probes: false });
  if (roles.has('projector')) await caughtUp(on, engine);
  return edges;
}
