import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { launchServer, type ServerProcess, temporaryFolder } from '../../support/server-process.ts';

/** One process of a cluster. A killed one is started again in its place, as a supervisor would. */
export interface RoleProcess {
  readonly role: string;
  server(): ServerProcess;
  /** What its `/metrics` says of one metric, all labels summed up; null where it does not answer. */
  metric(name: string): Promise<number | null>;
  /** How often it ended by itself. */
  ended(): number;
  /** `kill -9`, and a new one at once; resolves when the old one is gone. */
  killAndReplace(): Promise<void>;
  /** Resolves when the one that replaces it, if any, is ready. */
  whole(): Promise<void>;
  /** SIGSTOP for so long, then SIGCONT. */
  pauseFor(ms: number): Promise<void>;
  /** Writes what it and those before it have printed into a folder. */
  keepOutput(folder: string): void;
  stop(): Promise<void>;
}

/** Each role once, but two projectors: one goes on with what the other leaves. */
export const WHOLE_CLUSTER = ['gateway,http', 'relay', 'projector', 'projector', 'deliveries'] as const;
const METRICS_WITHIN_MS = 3_000;
/** As where memory is short: V8 would else keep garbage for as long as the machine has room. One that needs more ends. */
const HEAP_MAX_MIB = 320;
/** Characters of what a process printed, where it is told of. */
const OUTPUT_SAID = 2_000;
/** How often one is started at first; later on, until it comes up. */
const FIRST_TRIES = 3;

interface State {
  readonly role: string;
  readonly env: Record<string, string>;
  readonly say: (text: string) => void;
  current: ServerProcess | null;
  replacing: Promise<void>;
  readonly all: ServerProcess[];
  ended: number;
  stopping: boolean;
}

export async function startRole(
  role: string,
  { env, say }: { env: Record<string, string>; say(text: string): void },
): Promise<RoleProcess> {
  const replacing = Promise.resolve();
  const state: State = { role, env, say, current: null, replacing, all: [], ended: 0, stopping: false };
  await startPatiently(state, FIRST_TRIES);
  const server = (): ServerProcess => {
    if (state.current === null) throw new Error(`${role} is not there`);
    return state.current;
  };
  return {
    role,
    server,
    metric: (name) => metricOf(server, name),
    ended: () => state.ended,
    async killAndReplace() {
      const old = server();
      state.current = null;
      await old.kill();
      replace(state);
    },
    whole: () => state.replacing,
    async pauseFor(ms) {
      const { pid } = server();
      process.kill(pid, 'SIGSTOP');
      await pause(ms);
      process.kill(pid, 'SIGCONT');
    },
    keepOutput(folder) {
      for (const { pid, output } of state.all) writeFileSync(join(folder, `${role}-${pid}.log`), output());
    },
    async stop() {
      state.stopping = true;
      await state.replacing;
      await state.current?.stop();
    },
  };
}

async function start(state: State): Promise<void> {
  const { role, env } = state;
  const data = temporaryFolder();
  const started = await launchServer({
    data,
    env: {
      ...env,
      HINDSIGHT_OPS_PORT: '0',
      HINDSIGHT_ACCESS_TOKEN_S: '86400',
      HINDSIGHT_LOG_LEVEL: 'info',
      NODE_OPTIONS: `--max-old-space-size=${HEAP_MAX_MIB}`,
    },
    args: ['--roles', role],
  }).ready;
  state.current = started;
  state.all.push(started);
  void started.exited.then((code) => {
    if (state.current !== started || state.stopping) return;
    state.ended++;
    state.say(`a ${role} ended by itself with ${code}: ${started.output().slice(-OUTPUT_SAID)}`);
    state.current = null;
    replace(state);
  });
}

function replace(state: State): void {
  state.replacing = startPatiently(state, Number.POSITIVE_INFINITY);
}

/** One that does not come up is a process that ended by itself, and is started once more, as a supervisor would. */
async function startPatiently(state: State, tries: number): Promise<void> {
  for (let left = tries; !state.stopping; left--) {
    try {
      return await start(state);
    } catch (error) {
      if (left <= 1) throw error;
      state.ended++;
      state.say(`a ${state.role} did not come up: ${String(error).slice(-OUTPUT_SAID)}`);
    }
  }
}

async function metricOf(server: () => ServerProcess, name: string): Promise<number | null> {
  try {
    const { ops } = JSON.parse(readFileSync(join(server().data, 'addresses.json'), 'utf8')) as { ops: string };
    const answer = await fetch(`${ops}/metrics`, { signal: AbortSignal.timeout(METRICS_WITHIN_MS) });
    const text = await answer.text();
    const values = text.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
    if (values.length === 0) return null;
    return values.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  } catch {
    return null; // it stands still, or has just been killed
  }
}
