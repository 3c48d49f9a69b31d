import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../bin/package-root.ts';

/** A server in a process of its own, as an operator starts it. */
export interface ServerProcess {
  http: string;
  gateway: string;
  data: string;
  pid: number;
  /** What it has printed so far. */
  output(): string;
  /** SIGTERM; resolves to the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** Resolves when the process has ended, however. */
  exited: Promise<number | null>;
}

export interface ServerOptions {
  /** Kept between runs by the caller; without one a fresh temporary folder. */
  data?: string;
  env?: Record<string, string>;
  args?: readonly string[];
  /** Node to run it with. */
  node?: string;
}

/** For a busy machine; one that ends is noticed at once. */
const READY_WITHIN_MS = 180_000;
const LOOK_EVERY_MS = 20;

export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), 'hindsight-test-'));

/** Set where the tests of whole processes run on a cluster rather than on a data folder. */
const onCluster = (): boolean => process.env['HINDSIGHT_TEST_CLUSTER'] === 'on';

/** How a process finds the cluster that a data folder stands for; nothing where there is none. */
export async function clusterSettings(data: string): Promise<Record<string, string>> {
  if (!onCluster()) return {};
  const { clusterEnv } = await import('./cluster.ts'); // works inside the test runner only
  return clusterEnv(data);
}

/** Starts `hindsight serve` on free ports, without demo and rate limits, and waits until it says that it is ready. */
export async function startServerProcess(options: ServerOptions = {}): Promise<ServerProcess> {
  return onCluster() ? startCluster(options) : launchServer(options).ready;
}

/** Two processes with all roles, on the cluster that the data folder stands for: spoken to as one, by the first's address. */
async function startCluster(options: ServerOptions): Promise<ServerProcess> {
  const data = options.data ?? temporaryFolder();
  const env = { ...(await clusterSettings(data)), ...options.env };
  const [first, second] = await Promise.all([
    launchServer({ ...options, data, env }).ready,
    launchServer({ ...options, data: join(data, 'second'), env }).ready,
  ]);
  const both = [first, second];
  return {
    ...first,
    output: () => both.map(({ output }) => output()).join('\n'),
    exited: Promise.all(both.map(({ exited }) => exited)).then(worst),
    stop: () => Promise.all(both.map(({ stop }) => stop())).then(worst),
    kill: async () => void (await Promise.all(both.map(({ kill }) => kill()))),
  };
}

const worst = (codes: (number | null)[]): number | null => codes.find((code) => code !== 0) ?? 0;

/** The same without waiting: for those who kill it while it starts. */
export function launchServer(options: ServerOptions = {}): { ready: Promise<ServerProcess>; kill(): Promise<void> } {
  const data = options.data ?? temporaryFolder();
  const addressesFile = join(data, 'addresses.json');
  rmSync(addressesFile, { force: true });
  const child = spawn(options.node ?? process.execPath, ['bin/hindsight.mjs', 'serve', ...(options.args ?? [])], {
    cwd: PACKAGE_ROOT,
    env: {
      ...process.env,
      HINDSIGHT_DATA: data,
      HINDSIGHT_PORT: '0',
      HINDSIGHT_GATEWAY_PORT: '0',
      HINDSIGHT_DEMO: 'false',
      HINDSIGHT_RATE_LIMITS: 'off',
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exited = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  const ready = whenReady(child, addressesFile, () => output).then((addresses) => ({
    ...addresses,
    data,
    output: () => output,
    exited,
    stop() {
      child.kill('SIGTERM');
      return exited;
    },
    kill,
  }));
  return { ready, kill };
}

/** Polls for the file, since its appearance is the contract's sign of readiness. */
function whenReady(
  child: ChildProcess,
  file: string,
  output: () => string,
): Promise<{ http: string; gateway: string; pid: number }> {
  const started = Date.now();
  return new Promise((resolve, reject) => {
    const look = setInterval(() => {
      if (existsSync(file)) {
        clearInterval(look);
        resolve(JSON.parse(readFileSync(file, 'utf8')) as { http: string; gateway: string; pid: number });
      } else if (child.exitCode !== null || child.signalCode !== null || Date.now() - started > READY_WITHIN_MS) {
        clearInterval(look);
        child.kill('SIGKILL');
        reject(new Error(`the server did not come up:\n${output()}`));
      }
    }, LOOK_EVERY_MS);
  });
}
