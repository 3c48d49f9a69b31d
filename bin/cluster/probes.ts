/** One thing that a process needs: `look` throws where it cannot be used now. */
export interface Probe {
  readonly name: string;
  look(): Promise<unknown>;
}

export interface Probes {
  /** By name: whether the last look succeeded. */
  checks(): Record<string, boolean>;
  /** By name: what was wrong, of those that are. */
  why(): Record<string, string>;
  close(): void;
}

const EVERY_MS = 1_000;
/** Longer than this is as good as gone. */
const PATIENCE_MS = 3_000;

/** Looks every second, beforehand: whoever asks is answered at once, however long a server that hangs lets wait. */
export function startProbes(probes: readonly Probe[]): Probes {
  const wrong = new Map<string, string>(probes.map(({ name }) => [name, 'not looked at yet']));
  const looking = new Set<string>();
  const turn = (): void => {
    for (const probe of probes) {
      if (looking.has(probe.name)) continue;
      looking.add(probe.name);
      void patiently(probe)
        .then((why) => (why === null ? wrong.delete(probe.name) : wrong.set(probe.name, why)))
        .finally(() => looking.delete(probe.name));
    }
  };
  turn();
  const timer = setInterval(turn, EVERY_MS);
  timer.unref();
  return {
    checks: () => Object.fromEntries(probes.map(({ name }) => [name, !wrong.has(name)])),
    why: () => Object.fromEntries(wrong),
    close: () => clearInterval(timer),
  };
}

/** Null where all is well, else why not. */
async function patiently({ look }: Probe): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${PATIENCE_MS} ms`), PATIENCE_MS);
  });
  const looked = Promise.resolve()
    .then(look)
    .then(
      () => null,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
  const why = await Promise.race([looked, silence]);
  clearTimeout(timer);
  return why;
}
