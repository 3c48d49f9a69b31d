import type { RoleProcess } from './role-process.ts';

const MIB = 1_048_576;
const SAMPLE_EVERY_MS = 2_000;
const TRIES = 10;
/**
 * A role may use so much more than before while something is away and until all is caught up. What may wait in a process
 * (docs/limits.md) and the garbage of moving it fit in; a process that keeps what it cannot pass on does not.
 */
export const RISE_MAX_BYTES = 256 * MIB;
/** What goes through meanwhile, as memory: less than that would not tell those who keep it from those who do not. */
export const FLOOD_MIN_BYTES = 2 * RISE_MAX_BYTES;

/** What one process said of its resident memory, in bytes; null where it never answered. */
export interface Use {
  readonly role: string;
  before: number | null;
  most: number | null;
  after: number | null;
}

export interface MemoryWatch {
  end(): Promise<Use[]>;
}

type Watched = Pick<RoleProcess, 'role' | 'metric'>;

/** Samples what every process says of its memory, until it is ended. */
export async function watchMemory(
  processes: readonly Watched[],
  everyMs: number = SAMPLE_EVERY_MS,
): Promise<MemoryWatch> {
  const uses: Use[] = await Promise.all(
    processes.map(async (process) => {
      const before = await patiently(process);
      return { role: process.role, before, most: before, after: null };
    }),
  );
  const sample = async (ask: (process: Watched) => Promise<number | null>): Promise<void> => {
    await Promise.all(uses.map(async (use, i) => note(use, await ask(processes[i] as Watched))));
  };
  let looking: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    looking = looking.then(() => sample(resident));
  }, everyMs);
  return {
    async end() {
      clearInterval(timer);
      await looking;
      await sample(patiently);
      return uses;
    },
  };
}

const resident = (process: Watched): Promise<number | null> => process.metric('process_resident_memory_bytes');

/** One that is busy may leave a question unanswered. */
async function patiently(process: Watched): Promise<number | null> {
  for (let i = 0; i < TRIES; i++) {
    const bytes = await resident(process);
    if (bytes !== null) return bytes;
  }
  return null;
}

function note(use: Use, bytes: number | null): void {
  use.after = bytes;
  if (bytes !== null) use.most = Math.max(use.most ?? 0, bytes);
}

/** What speaks against the processes, in words; against the flood too, which has to be one. */
export function judgeMemory(uses: readonly Use[], floodBytes: number): string[] {
  const wrongs = uses.flatMap(({ role, before, most, after }) => {
    if (before === null || most === null || after === null) return [`a ${role} does not say what memory it uses`];
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
