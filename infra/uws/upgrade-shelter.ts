import type * as Uws from 'uWebSockets.js';
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';

/**
 * Where a socket may be upgraded after an await. The library wants that inside `response.cork`; but when its work is
 * done, `cork` looks into what was the response's memory to see whether the connection is to be closed, and after an
 * upgrade that memory may be freed: now and then a fresh socket was cut off without a word. It does not look while some
 * other socket is corked. So one socket of the process's own, which nobody else knows of, is corked around the upgrade.
 */
export interface UpgradeShelter {
  run(upgrade: () => void): void;
  close(): void;
}

export async function openUpgradeShelter(uws: typeof Uws): Promise<UpgradeShelter> {
  const app = uws.App();
  const opened = new Promise<Uws.WebSocket<unknown>>((resolve) => {
    app.ws('/', { idleTimeout: 0, sendPingsAutomatically: false, open: resolve, message: (raw) => raw.close() });
  });
  const listening = await new Promise<Uws.us_listen_socket>((resolve, reject) => {
    app.listen('127.0.0.1', 0, (token) => (token ? resolve(token) : reject(new Error('cannot listen on 127.0.0.1'))));
  });
  const client = connect(uws.us_socket_local_port(listening as unknown as Uws.us_socket), '127.0.0.1');
  const failed = new Promise<never>((_, reject) => {
    client.once('error', reject);
  });
  client.write(
    `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
  );
  client.resume().unref();
  const socket = await Promise.race([opened, failed]);
  uws.us_listen_socket_close(listening);
  return {
    run: (upgrade) => void socket.cork(upgrade),
    close() {
      client.destroy();
      app.close();
    },
  };
}
