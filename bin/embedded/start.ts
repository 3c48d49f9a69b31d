import { pino } from 'pino';
import { isTemporary } from '../../events/event-store.ts';
import type { ProjectionState } from '../../gateway/http/ops/port.ts';
import { createMemorySignals } from '../../infra/memory/signals.ts';
import { acquireServerLock } from '../../infra/sqlite/event-store/index.ts';
import { VIEWS } from '../../projections/index.ts';
import { type DataFolder, dataFolder } from '../data-folder.ts';
import { readDemo, seedDemo } from '../demo/seed.ts';
import { exposeParkedChats } from '../metrics/partitions.ts';
import { openAuth, openSecrets } from '../open-auth.ts';
import { openObserver } from '../open-observer.ts';
import { isLoopback, removeAddresses, writeAddresses, writeStarting } from '../server/addresses.ts';
import { type Composition, composed, type ServerOptions } from '../server/composition.ts';
import { createEdges } from '../server/edges.ts';
import type { Engine } from '../server/engine.ts';
import type { Server } from '../server/server.ts';
import { openEngine } from './engine.ts';
import { howFar } from './how-far.ts';

const CAUGHT_UP_SAY_EVERY_MS = 2_000;
/** Views that are further behind than this, and not on purpose, are worth an alarm; sending goes on without them. */
const VIEWS_LAG_MAX_MS = 30_000;

/** The whole engine in one process: the log, its views, and both edges. */
export function startEmbedded(options: ServerOptions): Promise<Server> {
  return composed(options, async (on) => {
    const folder = dataFolder(on.config.data);
    on.onClose(await acquireServerLock(folder.root));
    removeAddresses(folder);
    return compose(on, folder);
  });
}

async function compose(on: Composition, folder: DataFolder): Promise<Server> {
  const { config } = on;
  const logger = pino({ level: config.logLevel, base: null }, pino.destination({ fd: 2, sync: true }));
  let started = false;
  let demo = readDemo(folder);
  const observer = await openObserver(on);
  const signals = createMemorySignals();
  const onRepaired = (chatId: string): void => signals.send(0, { kind: 'repaired', chatId });
  const engine = await openEngine(on, { folder, logger, observer, onRepaired });
  const { followingLagMs, parked } = engine.projections;
  exposeParkedChats(observer.metrics, { parking: parked, groups: VIEWS });
  const edges = createEdges(on, engine, { logger, observer });
  const auth = await openAuth({
    ...(await openSecrets(folder)),
    commands: engine.log.commands,
    config,
    logger,
    gatewayUrl: edges.gatewayUrl,
  });
  on.onClose(auth.close);
  await edges.openSockets(auth, { feed: engine.log.store, signals });
  await edges.openHttp(auth, {
    started: () => started,
    checks: () => ({ views: followingLagMs() < VIEWS_LAG_MAX_MS }),
    demo: () => demo,
  });
  const addresses = { http: edges.httpUrl(), gateway: edges.gatewayUrl(), pid: process.pid };
  writeStarting(folder, addresses);
  on.onClose(() => removeAddresses(folder));
  await whenCaughtUp(on, engine);
  if (config.demo && isLoopback(config.host)) demo = await seedDemo(folder, { log: engine.log, auth });
  else if (config.demo) on.say('No demo: it is made only for a server that listens on this machine alone.');
  await whenCaughtUp(on, engine);
  started = true;
  writeAddresses(folder, addresses);
  const { http, gateway } = addresses;
  return { http, gateway, demo, close: on.close };
}

/**
 * A server is ready when its views hold what the log held when it started: after they were deleted that takes a while. It
 * does not wait for one that an operator has paused, and will resume by this server.
 */
async function whenCaughtUp(on: Composition, { log, projections }: Engine): Promise<void> {
  const goal = await log.store.head();
  while (!(await projections.progress.reached(goal, CAUGHT_UP_SAY_EVERY_MS))) {
    const states = await projections.admin.list().catch(noneWhileNotOpen);
    const paused = states.filter(({ state }) => state === 'paused');
    if (paused.length > 0) return on.say(`Paused, and behind the log: ${paused.map(({ name }) => name).join(', ')}.`);
    on.say(
      `The views are catching up with the log: ${howFar(states) ?? `${projections.progress.position()} of ${goal}`}.`,
    );
  }
}

/** What keeps them from being opened is reported where it is tried again. */
function noneWhileNotOpen(error: unknown): ProjectionState[] {
  if (isTemporary(error)) return [];
  throw error;
}
