import { pino } from 'pino';
import { acquireServerLock } from '../../infra/sqlite/event-store/index.ts';
import { dataFolder } from '../data-folder.ts';
import { type Demo, readDemo, seedDemo } from '../demo/seed.ts';
import { isLoopback, removeAddresses, writeAddresses } from './addresses.ts';
import type { Composition, ServerOptions } from './composition.ts';
import { openEdges } from './edges.ts';
import { type Engine, openEngine } from './engine.ts';

/** The whole engine in one process: the log, its views, and both edges. */
export interface Server {
  http: string;
  gateway: string;
  demo: Demo | null;
  /** Answers what is open, closes the edges, flushes, gives the data folder back. */
  close(): Promise<void>;
}

const CAUGHT_UP_SAY_EVERY_MS = 2_000;

export async function startServer(options: ServerOptions): Promise<Server> {
  const { config } = options;
  const folder = dataFolder(config.data);
  const unlock = await acquireServerLock(folder.root);
  removeAddresses(folder);
  const closing: (() => unknown)[] = [unlock];
  const close = (): Promise<void> => closeAll(closing);
  try {
    return await compose({ ...options, folder, onClose: (end) => void closing.push(end), close });
  } catch (error) {
    await close();
    throw error;
  }
}

/** The last first. One that fails must not keep the others from flushing, so what went wrong is said at the end. */
async function closeAll(closing: (() => unknown)[]): Promise<void> {
  const failures: unknown[] = [];
  for (let end = closing.pop(); end; end = closing.pop()) {
    try {
      await end();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, `stopping: ${failures.map(String).join('; ')}`);
}

async function compose(on: Composition): Promise<Server> {
  const { config, folder } = on;
  const logger = pino({ level: config.logLevel, base: null }, pino.destination({ fd: 2, sync: true }));
  let started = false;
  let demo = readDemo(folder);
  const engine = await openEngine(on, logger);
  const edges = await openEdges(on, engine, { logger, started: () => started, demo: () => demo });
  await whenCaughtUp(on, engine);
  if (config.demo && isLoopback(config.host)) demo = await seedDemo(folder, { log: engine.log, auth: edges.auth });
  else if (config.demo) on.say('No demo: it is made only for a server that listens on this machine alone.');
  await whenCaughtUp(on, engine);
  started = true;
  const { http, gateway } = edges;
  writeAddresses(folder, { http, gateway, pid: process.pid });
  on.onClose(() => removeAddresses(folder));
  return { http, gateway, demo, close: on.close };
}

/** A server is ready when its views hold what the log held when it started: after they were deleted that takes a while. */
async function whenCaughtUp(on: Composition, { log, projections }: Engine): Promise<void> {
  const goal = await log.store.head();
  while (!(await projections.progress.reached(goal, CAUGHT_UP_SAY_EVERY_MS))) {
    on.say(`The views are catching up with the log: ${projections.progress.position()} of ${goal}.`);
  }
}
