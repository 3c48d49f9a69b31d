import { launchServer, type ServerProcess, temporaryFolder } from '../../support/server-process.ts';

/** One process of a cluster. A killed one is started again in its place, as a supervisor would. */
export interface RoleProcess {
  readonly roles: string;
  server(): ServerProcess;
  /** `kill -9`, and a new one at once; resolves when that one is ready. */
  killAndRestart(): Promise<void>;
  /** SIGSTOP for so long, then SIGCONT. */
  pauseFor(ms: number): Promise<void>;
  stop(): Promise<void>;
}

export async function startRole(
  roles: string,
  { env, say }: { env: Record<string, string>; say(text: string): void },
): Promise<RoleProcess> {
  let stopping = false;
  const start = async (): Promise<ServerProcess> => {
    const started = await launchServer({
      data: temporaryFolder(),
      env: { ...env, HINDSIGHT_OPS_PORT: '0', HINDSIGHT_ACCESS_TOKEN_S: '86400' },
      args: ['--roles', roles],
    }).ready;
    void started.exited.then((code) => {
      if (current !== started || stopping) return;
      say(`${roles} ended by itself with ${code}: ${started.output().slice(-2_000)}`);
      replacing = start().then((next) => {
        current = next;
      });
    });
    return started;
  };
  let current: ServerProcess | null = null;
  let replacing: Promise<void> = Promise.resolve();
  current = await start();
  const server = (): ServerProcess => {
    if (current === null) throw new Error(`${roles} is not there`);
    return current;
  };
  return {
    roles,
    server,
    async killAndRestart() {
      const old = server();
      current = null;
      await old.kill();
      current = await start();
    },
    async pauseFor(ms) {
      const { pid } = server();
      process.kill(pid, 'SIGSTOP');
      await new Promise((resolve) => setTimeout(resolve, ms));
      process.kill(pid, 'SIGCONT');
    },
    async stop() {
      stopping = true;
      await replacing;
      await current?.stop();
    },
  };
}
