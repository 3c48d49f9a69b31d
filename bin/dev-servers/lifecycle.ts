import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { DevServerError } from './failure.ts';
import { freePorts, isFree } from './free-ports.ts';
import { end, isRunning, launch, type ProcessId } from './processes.ts';
import { type DevServer, type Place, tailOf } from './server.ts';
import { readState, writeEntry } from './state.ts';

/** For a busy machine; one that ends is noticed at once. */
const COMES_UP_MS = 180_000;
const POLL_MS = 150;
const STOP_MS = 20_000;
const TRIES_AFTER_A_KILL = 20;

export const placeOf = (
  server: DevServer,
  root: string,
  ports: Record<string, number>,
  say: Place['say'] = () => undefined,
): Place => ({ folder: join(root, server.name), ports, say });

export const logOf = (place: Place): string => join(place.folder, 'log');

/** Resolves once it serves, whether or not it ran before. */
export async function start(server: DevServer, root: string, say: (line: string) => void): Promise<void> {
  const began = Date.now();
  const entry = readState(root)[server.name];
  const ports = entry?.ports ?? (await freePorts(server.ports));
  const place = placeOf(server, root, ports, say);
  if (entry?.process && (await servesAlready(server, place, entry.process))) return;
  mkdirSync(place.folder, { recursive: true, mode: 0o700 });
  await refuseTakenPorts(server, place, root);
  const { command, args, cwd } = await server.prepare(place);
  say(`starting ${server.title}`);
  for (let tries = 1; ; tries++) {
    const started = await launch({ command, args, cwd }, logOf(place));
    writeEntry(root, server.name, { ports, process: started });
    try {
      await untilItServes(server, place, () => isRunning(started));
      break;
    } catch (error) {
      if (tries >= TRIES_AFTER_A_KILL || isRunning(started) || !server.mayTryAgain?.(tailOf(logOf(place)))) throw error;
      await wait(POLL_MS);
    }
  }
  say(`${server.title} serves after ${((Date.now() - began) / 1_000).toFixed(1)} s`);
}

/** False where it does not run, or ends while it is asked, as one does that was killed just before. */
async function servesAlready(server: DevServer, place: Place, running: ProcessId): Promise<boolean> {
  if (!isRunning(running)) return false;
  try {
    await untilItServes(server, place, () => isRunning(running));
  } catch (error) {
    if (isRunning(running)) throw error;
    return false;
  }
  place.say(`${server.title} is running already (pid ${running.pid})`);
  return true;
}

async function refuseTakenPorts(server: DevServer, { ports }: Place, root: string): Promise<void> {
  for (const port of Object.values(ports)) {
    if (await isFree(port)) continue;
    throw new DevServerError(
      'port-taken',
      `port ${port} of ${server.title} is used by another program. End that, or remove ${join(root, 'servers.json')} while nothing runs: new ports are picked then, and the data stays.`,
      { temporary: true },
    );
  }
}

async function untilItServes(server: DevServer, place: Place, isAlive: () => boolean): Promise<void> {
  for (const deadline = Date.now() + COMES_UP_MS; ; await wait(POLL_MS)) {
    const alive = isAlive();
    const refusal = alive ? await server.ask(place).then(() => null, String) : 'it ended';
    if (refusal === null && isAlive()) return; // else it was another program that answered
    if (alive && Date.now() < deadline) continue;
    const log = logOf(place);
    const why = alive ? `does not serve after ${COMES_UP_MS / 1_000} s (${refusal})` : 'ended before it served';
    throw new DevServerError('did-not-come-up', `${server.title} ${why}. The end of ${log}:\n${tailOf(log)}`);
  }
}

export async function stop(server: DevServer, root: string, say: (line: string) => void): Promise<void> {
  const entry = readState(root)[server.name];
  if (!entry?.process) return;
  const how = await end(entry.process, { signal: server.stopSignal, deadlineMs: STOP_MS });
  writeEntry(root, server.name, { ...entry, process: null });
  say(`${server.title} (pid ${entry.process.pid}) ${how}`);
}
