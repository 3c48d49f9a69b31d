import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync, renameSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import * as z from 'zod';
import { DevServerError } from './failure.ts';

const POLL_MS = 50;
const KILLED_MS = 10_000;
/** Fields of `/proc/<pid>/stat` after the name in brackets: the name may hold anything, so they are counted from there. */
const STATE_FIELD = 0;
const STARTED_FIELD = 19;
const ENDED_STATES = 'ZXx';

/** A process that can be found again. The pid alone may be another program's by now; together with its start it is not. */
export const ProcessId = z.object({ pid: z.int().min(2), started: z.string().min(1) });
export type ProcessId = z.infer<typeof ProcessId>;

/** The process that has this pid at present, or null where none runs. One that has ended and is not yet reaped does not run. */
export function identify(pid: number): ProcessId | null {
  const started = process.platform === 'linux' ? startedOnLinux(pid) : startedElsewhere(pid);
  return started === null ? null : { pid, started };
}

/** Whether that very process still runs. */
export const isRunning = (id: ProcessId): boolean => identify(id.pid)?.started === id.started;

function startedOnLinux(pid: number): string | null {
  const stat = readIfThere(`/proc/${pid}/stat`);
  if (stat === null) return null;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (ENDED_STATES.includes(fields[STATE_FIELD] ?? '')) return null;
  return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${fields[STARTED_FIELD]}`;
}

function startedElsewhere(pid: number): string | null {
  const { stdout } = spawnSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], { encoding: 'utf8' });
  const [state = '', ...started] = (stdout ?? '').trim().split(/\s+/);
  return state === '' || ENDED_STATES.includes(state.charAt(0)) ? null : started.join(' ');
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return null; // never there, or ended while it was read
    throw error;
  }
}

export interface Launch {
  command: string;
  args: readonly string[];
  /** Working folder. */
  cwd: string;
}

/**
 * Starts a program that outlives this process and the terminal. What it says goes to the file `log`; what it said the
 * last time is kept beside it as `….previous`.
 */
export async function launch({ command, args, cwd }: Launch, log: string): Promise<ProcessId> {
  if (existsSync(log)) renameSync(log, `${log}.previous`);
  const output = openSync(log, 'w', 0o600);
  try {
    const child = spawn(command, args, { cwd, detached: true, stdio: ['ignore', output, output] });
    await once(child, 'spawn');
    const pid = child.pid ?? 0;
    child.unref();
    // One that has ended already is reported with its log, as any other that does not come up.
    return identify(pid) ?? { pid, started: 'ended at once' };
  } catch (cause) {
    throw new DevServerError('cannot-start', `${command} cannot be started: ${(cause as Error).message}`, { cause });
  } finally {
    closeSync(output);
  }
}

/**
 * Ends a process by signal, then by SIGKILL after `deadlineMs`. Resolves once it is gone, and touches no other process
 * that has its pid by now.
 */
export async function end(
  id: ProcessId,
  { signal, deadlineMs }: { signal: NodeJS.Signals; deadlineMs: number },
): Promise<'was not running' | 'ended' | 'killed'> {
  if (!send(id, signal)) return 'was not running';
  if (await isGone(id, deadlineMs)) return 'ended';
  send(id, 'SIGKILL');
  if (await isGone(id, KILLED_MS)) return 'killed';
  throw new DevServerError('would-not-end', `process ${id.pid} does not end, not even by SIGKILL`);
}

/** False where that process has ended. */
export function send(id: ProcessId, signal: NodeJS.Signals): boolean {
  if (!isRunning(id)) return false;
  try {
    return process.kill(id.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

async function isGone(id: ProcessId, withinMs: number): Promise<boolean> {
  for (const deadline = Date.now() + withinMs; isRunning(id); await wait(POLL_MS)) {
    if (Date.now() > deadline) return false;
  }
  return true;
}
