import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import * as z from 'zod';
import { StoreError } from '../../events/event-store.ts';
import { acquireServerLock, isServerLocked, lockHolder } from '../../infra/sqlite/event-store/index.ts';
import type { DataFolder } from '../data-folder.ts';

const Addresses = z.object({ http: z.string(), gateway: z.string(), pid: z.int().min(1) });
export type RunningServer = z.infer<typeof Addresses>;

const LOOK_EVERY_MS = 100;

export interface Reaching {
  /** Whose name the lock bears, where it is taken. */
  verb: string;
  /** How long a server may take until it can be asked. */
  withinMs: number;
  /** Told once that there is something to wait for. */
  say(message: string): void;
}

/**
 * The server of a data folder as soon as it can be asked; where there is none its lock, or rather what gives that back,
 * so that none starts meanwhile. Rejects with `locked` where another verb has it, or a server cannot be asked in time.
 */
export async function serverOrLock(
  folder: DataFolder,
  { verb, withinMs, say }: Reaching,
): Promise<RunningServer | (() => void)> {
  const deadline = performance.now() + withinMs;
  for (let waiting = false; ; waiting = true) {
    const server = await runningServer(folder);
    if (server) return server;
    try {
      return await acquireServerLock(folder.root, verb);
    } catch (error) {
      const holder = lockHolder(folder.root);
      const isVerb = holder !== null && holder.verb !== null;
      if (!isLocked(error) || isVerb || performance.now() > deadline) throw error;
      if (!waiting) say(`a server is starting on ${folder.root}: waiting until it can be asked`);
    }
    await pause(LOOK_EVERY_MS);
  }
}

const isLocked = (error: unknown): boolean => error instanceof StoreError && error.code === 'locked';

/** The server on a data folder that can be asked, or null. What a killed one left behind does not count. */
export async function runningServer(folder: DataFolder): Promise<RunningServer | null> {
  const addresses = readAddresses(folder.addresses) ?? readAddresses(folder.starting);
  if (addresses === null || !isAlive(addresses.pid)) return null;
  return (await isServerLocked(folder.root)) ? addresses : null; // the pid may be another program's by now
}

function readAddresses(file: string): RunningServer | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  return Addresses.parse(JSON.parse(text));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // there, and somebody else's
  }
}
