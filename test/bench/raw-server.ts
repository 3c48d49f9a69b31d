import { startChild } from './child.ts';

export interface RawServer {
  url: string;
  pid: number;
  stop(): Promise<void>;
}

/** uWebSockets.js alone, in a process of its own; the reason where it cannot load on this machine. */
export async function startRawServer(
  bytes: number,
  env: NodeJS.ProcessEnv = {},
): Promise<RawServer | { unavailable: string }> {
  const child = await startChild<{ url: string; pid: number } | { unavailable: string }>(
    'raw-server-process',
    [String(bytes)],
    { ...process.env, ...env },
  );
  if ('unavailable' in child.ready) {
    await child.stop();
    return child.ready;
  }
  return { ...child.ready, stop: child.stop };
}
