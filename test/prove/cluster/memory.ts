import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { RoleProcess } from './role-process.ts';

const run = promisify(execFile);

const MIB = 1_048_576;
const SAMPLE_EVERY_MS = 2_000;
const KIB = 1_024;
/**
 * A role may use so much more than before while something is away and until all is caught up. What may wait in a process
 * (docs/limits.md) and the garbage of moving it fit in; a process that keeps what it cannot pass on does not.
 */
export const RISE_MAX_BYTES = 128 * MIB;
/** What goes through meanwhile, as memory: less than that would not tell those who keep it from those who do not. */
export const FLOOD_MIN_BYTES = 1.5 * RISE_MAX_BYTES;

/** The resident memory of one process, in bytes; null where it could not be seen. */
export interface Use {
  readonly role: string;
  before: number | null;
  most: number | null;
  after: number | null;
}

export interface MemoryWatch {
  end(): Promise<Use[]>;
}

/** A process, and how to see its memory. */
export interface Watched {
  readonly role: string;
  residentBytes(): Promise<number | null>;
}

/** The system is asked, not the process: one that has too much to do would not answer. */
export const watched = ({ role, server }: Pick<RoleProcess, 'role' | 'server'>): Watched => ({
  role,
  async residentBytes() {
    try {
      const { stdout } = await run('ps', ['-o', 'rss=', '-p', String(server().pid)]);
      return Number(stdout) * KIB;
    } catch {
      return null; // it has just ended
    }
  },
});

/** Samples the memory of every process, until it is ended. */
export async function watchMemory(
  processes: readonly Watched[],
  everyMs: number = SAMPLE_EVERY_MS,
): Promise<MemoryWatch> {
  const uses: Use[] = await Promise.all(
    processes.map(async ({ role, residentBytes }) => {
      const before = await residentBytes();
      return { role, before, most: before, after: null };
    }),
  );
  const sample = async (): Promise<void> => {
    await Promise.all(uses.map(async (use, i) => note(use, await (processes[i] as Watched).residentBytes())));
  };
  let looking: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    looking = looking.then(sample);
  }, everyMs);
  return {
    async end() {
      clearInterval(timer);
      await looking;
      await sample();
      return uses;
    },
  };
}

function note(use: Use, bytes: number | null): void {
  use.after = bytes;
  if (bytes !== null) use.most = Math.max(use.most ?? 0, bytes);
}

/** What speaks against the processes, in words; against the flood too, which has to be one. */
export function judgeMemory(uses: readonly Use[], floodBytes: number): string[] {
  const wrongs = uses.flatMap(({ role, before, most, after }) => {
    if (before === null || most === null || after === null) return [`the memory of a ${role} was not seen`];
    const rise = most - before;
    return rise > RISE_MAX_BYTES
      ? [`a ${role} took ${mib(rise)} more than before, ${mib(RISE_MAX_BYTES)} at most`]
      : [];
  });
  if (floodBytes < FLOOD_MIN_BYTES) wrongs.push(`a flood of ${mib(floodBytes)} proves nothing about memory`);
  return wrongs;
}

/** Of each role the process whose memory rose most. */
export function describeMemory(uses: readonly Use[]): string {
  const rise = ({ before, most }: Use): number => (most ?? 0) - (before ?? 0);
  const worst = new Map<string, Use>();
  for (const use of [...uses].sort((a, b) => rise(a) - rise(b))) worst.set(use.role, use);
  return [...worst.values()]
    .map(({ role, before, most, after }) => `${role} ${[before, most, after].map(mib).join(' → ')}`)
    .join('; ');
}

export const mib = (bytes: number | null): string => (bytes === null ? 'unknown' : `${Math.round(bytes / MIB)} MiB`);
