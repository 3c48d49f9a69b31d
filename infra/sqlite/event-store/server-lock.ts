import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StoreError } from '../../../events/event-store.ts';
import { type Database, openDatabase } from '../database.ts';
import { isBusy } from '../errors.ts';

/**
 * Makes this process the one server of a data folder. The lock is a transaction left open on a small database: the
 * operating system ends it with the process, however that ends, so that no lock is ever stale. The pid beside it is
 * only for the message, and so is the name of the verb that has the folder in a server's stead. Returns what gives the
 * lock back.
 */
export async function acquireServerLock(dataFolder: string, verb?: string): Promise<() => void> {
  const pidFile = pidFileOf(dataFolder);
  const database = await lock(join(dataFolder, 'server.lock'), () => heldBy(dataFolder));
  writeFileSync(pidFile, verb === undefined ? `${process.pid}\n` : `${process.pid}\n${verb}\n`);
  let held = true;
  return () => {
    if (!held) return;
    held = false;
    rmSync(pidFile, { force: true });
    database.close();
  };
}

/** The same for any other work that one process at a time may do. `held` says who is refused. */
export async function acquireLock(file: string, held: string): Promise<() => void> {
  const database = await lock(file, () => held);
  return () => database.close();
}

/** Whether a process holds the lock. Only looks: nobody who starts meanwhile is kept from it for longer than that. */
export async function isServerLocked(dataFolder: string): Promise<boolean> {
  const file = join(dataFolder, 'server.lock');
  if (!existsSync(file)) return false;
  let database: Database | null = null;
  try {
    database = await openDatabase({ file, synchronous: 'off', journal: 'delete', busyTimeoutMs: 0 });
    database.prepare('SELECT count(*) FROM sqlite_schema').get();
    return false;
  } catch (error) {
    if (isBusy(error)) return true;
    throw error;
  } finally {
    database?.close();
  }
}

async function lock(file: string, held: () => string): Promise<Database> {
  let database: Database | null = null;
  try {
    database = await openDatabase({ file, synchronous: 'off', journal: 'delete', busyTimeoutMs: 0 });
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (cause) {
    database?.close();
    throw isBusy(cause) ? new StoreError('locked', held(), { cause, temporary: false }) : cause;
  }
}

/** Who has the lock of a data folder, as it says itself; `verb` is null for a server. */
export interface LockHolder {
  readonly pid: string;
  readonly verb: string | null;
}

/** Null where it has not said so yet. */
export function lockHolder(dataFolder: string): LockHolder | null {
  let text: string;
  try {
    text = readFileSync(pidFileOf(dataFolder), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const [pid = '', verb = ''] = text.split('\n');
  return { pid, verb: verb === '' ? null : verb };
}

const pidFileOf = (dataFolder: string): string => join(dataFolder, 'server.pid');

function heldBy(dataFolder: string): string {
  const holder = lockHolder(dataFolder);
  if (holder === null) return `another process has ${dataFolder}: a server, or a command that needs it alone`;
  const { pid, verb } = holder;
  return verb === null
    ? `a server (pid ${pid}) has ${dataFolder}: stop it first`
    : `\`hindsight ${verb}\` (pid ${pid}) has ${dataFolder}: try again when that has ended`;
}
