import type { RoleProcess } from './role-process.ts';

const SAMPLE_EVERY_MS = 2_000;
const MIB = 1_048_576;

interface Use {
  rss: number;
  heap: number;
}

export interface MemoryWatch {
  /** What the roles used before, at most since, and now, in words. */
  end(): Promise<string>;
}

/** Samples what every process says of its memory, until it is ended. Of a role the process that uses most counts. */
export async function watchMemory(processes: readonly RoleProcess[]): Promise<MemoryWatch> {
  const before = await sample(processes);
  const most = new Map(before);
  let looking: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    looking = looking.then(async () => merge(most, await sample(processes)));
  }, SAMPLE_EVERY_MS);
  return {
    async end() {
      clearInterval(timer);
      await looking;
      const after = await sample(processes);
      merge(most, after);
      return [...most.keys()]
        .map((role) => `${role} ${[before, most, after].map((uses) => words(uses.get(role))).join(' → ')}`)
        .join('; ');
    },
  };
}

async function sample(processes: readonly RoleProcess[]): Promise<Map<string, Use>> {
  const uses = new Map<string, Use>();
  await Promise.all(
    processes.map(async (process) => {
      const [rss, heap] = await Promise.all([
        process.metric('process_resident_memory_bytes'),
        process.metric('nodejs_heap_size_used_bytes'),
      ]);
      if (rss !== null && heap !== null) merge(uses, new Map([[process.role, { rss, heap }]]));
    }),
  );
  return uses;
}

function merge(into: Map<string, Use>, uses: ReadonlyMap<string, Use>): void {
  for (const [role, { rss, heap }] of uses) {
    const known = into.get(role) ?? { rss: 0, heap: 0 };
    into.set(role, { rss: Math.max(known.rss, rss), heap: Math.max(known.heap, heap) });
  }
}

const words = (use: Use | undefined): string =>
  use ? `${Math.round(use.rss / MIB)} (heap ${Math.round(use.heap / MIB)}) MiB` : 'unknown';
