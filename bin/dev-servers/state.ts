import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import * as z from 'zod';
import { openDatabase } from '../../infra/sqlite/database.ts';
import { isBusy } from '../../infra/sqlite/errors.ts';
import { DevServerError } from './failure.ts';
import { ProcessId } from './processes.ts';

const LOCK_POLL_MS = 200;
/** More than a first start takes, downloads included. */
const LOCK_WAIT_MS = 600_000;

const Entry = z.object({ ports: z.record(z.string(), z.int().min(1).max(65_535)), process: ProcessId.nullable() });
/** What is known of one server: the ports it was given for good, and its process while it is meant to run. */
export type Entry = z.infer<typeof Entry>;
const State = z.object({ version: z.literal(1), servers: z.record(z.string(), Entry) });

const fileOf = (folder: string): string => join(folder, 'servers.json');

/** `servers.json` of a folder; nothing where there is none. */
export function readState(folder: string): Record<string, Entry> {
  const file = fileOf(folder);
  if (!existsSync(file)) return {};
  try {
    return State.parse(JSON.parse(readFileSync(file, 'utf8'))).servers;
  } catch (cause) {
    throw new DevServerError('state-unreadable', `${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

/** Replaces one server's entry. The file is there whole at any moment: what it names is all that can be stopped. */
export function writeEntry(folder: string, name: string, entry: Entry): void {
  const draft = `${fileOf(folder)}.${process.pid}`;
  const state = { version: 1, servers: { ...readState(folder), [name]: entry } };
  writeFileSync(draft, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, fileOf(folder));
}

/** One at a time starts or stops the servers of a folder; whoever comes second waits. */
export async function alone<T>(folder: string, work: () => Promise<T>): Promise<T> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const unlock = await lock(join(folder, 'lock'));
  try {
    return await work();
  } finally {
    unlock();
  }
}

/** A transaction left open: the operating system ends it with the process, so that no lock is ever stale. */
async function lock(file: string): Promise<() => void> {
  for (const deadline = Date.now() + LOCK_WAIT_MS; ; await wait(LOCK_POLL_MS)) {
    const database = await openDatabase({ file, synchronous: 'off', journal: 'delete', busyTimeoutMs: 0 });
    try {
      database.exec('BEGIN EXCLUSIVE');
      return () => database.close();
    } catch (error) {
      database.close();
      if (!isBusy(error)) throw error;
      if (Date.now() > deadline)
        throw new DevServerError('locked', `another process is starting or stopping servers (${file})`, {
          temporary: true,
        });
    }
  }
}
