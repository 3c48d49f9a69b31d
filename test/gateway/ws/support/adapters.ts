import type { SocketAdapter } from '../../../../gateway/ws/port.ts';
import { createUwsServer, loadUws } from '../../../../infra/uws/socket-server.ts';
import { createWsServer } from '../../../../infra/ws/socket-server.ts';

const ws: SocketAdapter = { adapter: 'ws', reason: 'asked for', create: createWsServer };

/** Both adapters, or the one that runs here and why the other does not: a run must say what it did not try. */
export async function adaptersHere(): Promise<{ adapters: SocketAdapter[]; missing: string | null }> {
  try {
    const library = await loadUws();
    const uws: SocketAdapter = {
      adapter: 'uws',
      reason: 'asked for',
      create: (handlers, options) => createUwsServer(library, handlers, options),
    };
    return { adapters: [uws, ws], missing: null };
  } catch (error) {
    return { adapters: [ws], missing: error instanceof Error ? error.message : String(error) };
  }
}
