import { resolve } from 'node:path';
import { cassandra } from './cassandra.ts';
import { DevServerError } from './failure.ts';
import { kafka } from './kafka.ts';
import { logOf, placeOf, start, stop } from './lifecycle.ts';
import { postgres } from './postgres.ts';
import { isRunning, send } from './processes.ts';
import type { DevServer } from './server.ts';
import { standIn } from './stand-in.ts';
import { alone, readState } from './state.ts';

/** What a cluster needs, for development and without Docker. Each lives in a folder of its own below the given one. */
const SERVERS: readonly DevServer[] = [standIn, kafka, cassandra, postgres];

export interface ServerStatus {
  name: string;
  title: string;
  /** `ended` did so by itself. */
  state: 'running' | 'ended' | 'stopped';
  pid: number | null;
  ports: Record<string, number>;
  log: string;
  /** The settings with which Hindsight finds it; none before its first start. */
  env: Record<string, string>;
}

export interface DevServersOptions {
  /** Data, configuration and logs of all of them, and `servers.json`, which tells what runs. */
  folder: string;
  /** Names; all of them by default. */
  only?: readonly string[];
  say(line: string): void;
}

/**
 * Starts what is not running and resolves once each truly serves. Where one does not come up it throws with the end of
 * its log; the others stay. Data and ports are those of the last time.
 */
export async function up({ folder, only, say }: DevServersOptions): Promise<ServerStatus[]> {
  const root = resolve(folder);
  await alone(root, async () => {
    const outcomes = await Promise.allSettled(chosen(only).map((server) => start(server, root, say)));
    const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as Error] : []));
    const [first] = failures;
    if (first === undefined) return;
    if (failures.length === 1 || !(first instanceof DevServerError)) throw first;
    throw new DevServerError(first.code, [...new Set(failures.map(({ message }) => message))].join('\n'), first);
  });
  return status(root);
}

/** Stops what runs, each by its own process id. Data and ports are kept. */
export async function down({ folder, only, say }: DevServersOptions): Promise<ServerStatus[]> {
  const root = resolve(folder);
  if (Object.keys(readState(root)).length > 0) {
    await alone(root, async () => {
      await Promise.all(chosen(only).map((server) => stop(server, root, say)));
    });
  }
  return status(root);
}

/** What runs and where, as far as processes tell; nothing is asked. */
export function status(folder: string): ServerStatus[] {
  const root = resolve(folder);
  const state = readState(root);
  return SERVERS.map((server) => {
    const entry = state[server.name];
    const { ports = {}, process = null } = entry ?? {};
    const running = process !== null && isRunning(process);
    const place = placeOf(server, root, ports);
    return {
      name: server.name,
      title: server.title,
      state: running ? 'running' : process === null ? 'stopped' : 'ended',
      pid: running ? process.pid : null,
      ports,
      log: logOf(place),
      env: entry === undefined ? {} : server.env(place),
    };
  });
}

/** Sends a signal to one of them, such as SIGKILL where a test wants a crash. False where it is not running. */
export function signal(folder: string, name: string, kind: NodeJS.Signals): boolean {
  const running = readState(resolve(folder))[name]?.process ?? null;
  return running !== null && send(running, kind);
}

function chosen(only: readonly string[] | undefined): readonly DevServer[] {
  return SERVERS.filter(({ name }) => only === undefined || only.includes(name));
}
