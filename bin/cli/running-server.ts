import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { isServerLocked } from '../../infra/sqlite/event-store/index.ts';
import type { DataFolder } from '../data-folder.ts';

const Addresses = z.object({ http: z.string(), gateway: z.string(), pid: z.int().min(1) });
export type RunningServer = z.infer<typeof Addresses>;

/** The server that is ready on a data folder, or null. What a killed one left behind does not count. */
export async function runningServer(folder: DataFolder): Promise<RunningServer | null> {
  const addresses = readAddresses(folder.addresses);
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
