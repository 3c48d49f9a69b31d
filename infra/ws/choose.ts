import { messageOf } from '../../events/message-of.ts';
import type { SocketAdapter } from '../../gateway/ws/port.ts';
import { createUwsServer, loadUws } from '../uws/socket-server.ts';
import { createWsServer } from './socket-server.ts';

/**
 * uWebSockets.js where its binary loads, otherwise `ws`: Node 22 and newer with a glibc older than 2.38 and Alpine
 * have no binary that fits. `warn` is called once where the slower one serves.
 */
export async function chooseSocketServer(warn: (message: string) => void): Promise<SocketAdapter> {
  try {
    const uws = await loadUws();
    return {
      adapter: 'uws',
      reason: 'uWebSockets.js is loaded',
      create: (handlers, options) => createUwsServer(uws, handlers, options),
    };
  } catch (error) {
    const reason = `uWebSockets.js cannot load here: ${lastLine(error)}`;
    warn(`${reason}. Sockets are served by ws, which is slower and otherwise the same.`);
    return { adapter: 'ws', reason, create: createWsServer };
  }
}

function lastLine(error: unknown): string {
  const lines = messageOf(error)
    .split('\n')
    .map((line) => line.trim());
  return lines.filter((line) => line !== '').at(-1) ?? 'no reason given';
}
