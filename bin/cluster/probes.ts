import { messageOf } from '../../events/message-of.ts';

/** One thing that a process needs: `look` throws where it cannot be used now. */
export interface Probe {
  readonly name: string;
  look(): Promise<unknown>;
}

export interface Probes {
  /** It is not there yet, and why: until it is looked at. */
  awaited(name: string, why: string): void;
  /** It is there: from now on it is looked at. */
  watch(probe: Probe): void;
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
export function startProbes(): Probes {
  const names = new Set<string>();
  const probes: Probe[] = [];
  const wrong = new Map<string, string>();
  const looking = new Set<string>();
  const look = (probe: Probe): void => {
    if (looking.has(probe.name)) return;
    looking.add(probe.name);
    void patiently(probe)
      .then((why) => (why === null ? wrong.delete(probe.name) : wrong.set(probe.name, why)))
      .finally(() => looking.delete(probe.name));
  };
  const timer = setInterval(() => probes.forEach(look), EVERY_MS);
  timer.unref();
  const awaited = (name: string, why: string): void => {
    names.add(name);
    wrong.set(name, why);
  };
  return {
    awaited,
    watch(probe) {
      awaited(probe.name, 'not looked at yet');
      probes.push(probe);
      look(probe);
    },
    checks: () => Object.fromEntries([...names].map((name) => [name, !wrong.has(name)])),
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
    .then(() => null, messageOf);
  const why = await Promise.race([looked, silence]);
  clearTimeout(timer);
  return why;
}
