import type * as Uws from 'uWebSockets.js';
import { loadUws } from '../../infra/uws/socket-server.ts';

/**
 * The baseline of the socket benches: uWebSockets.js and nothing else. A socket of `/room/<name>` gets what is published
 * there; a frame that comes on one is answered by publishing as many bytes as the product pushes; a frame on `/echo`
 * comes back as it is; a frame on `/send/<name>` is published without its sender being subscribed.
 *
 * Usage: node raw-server-process.js BYTES. Prints `{url, pid}`, or `{unavailable}` where the library cannot load.
 */
interface Slot {
  kind: string;
  room: string;
}

const bytes = Number(process.argv[2]);
const frame = Buffer.from(`{"ev":"event","text":"${'x'.repeat(Math.max(0, bytes - 24))}"}`);
const MAX_BUFFERED_BYTES = 16 * 1_048_576;

function serve(uws: typeof Uws): void {
  const app = uws.App();
  app.ws<Slot>('/*', {
    idleTimeout: 0,
    sendPingsAutomatically: false,
    maxBackpressure: MAX_BUFFERED_BYTES,
    upgrade: (response, request, context) => {
      const [, kind = '', room = ''] = request.getUrl().split('/');
      const key = request.getHeader('sec-websocket-key');
      response.upgrade<Slot>({ kind, room }, key, '', '', context);
    },
    open: (socket) => {
      const { kind, room } = socket.getUserData();
      if (kind === 'room') socket.subscribe(room);
    },
    message: (socket, message) => {
      const { kind, room } = socket.getUserData();
      if (kind === 'echo') socket.send(message, false);
      else app.publish(room, frame, false);
    },
  });
  app.listen('127.0.0.1', 0, (listening) => {
    if (!listening) throw new Error('the baseline cannot listen');
    const port = uws.us_socket_local_port(listening as unknown as Uws.us_socket);
    process.stdout.write(`${JSON.stringify({ url: `ws://127.0.0.1:${port}`, pid: process.pid })}\n`);
  });
}

try {
  serve(await loadUws());
} catch (error) {
  process.stdout.write(`${JSON.stringify({ unavailable: String(error).split('\n')[0] })}\n`);
}
