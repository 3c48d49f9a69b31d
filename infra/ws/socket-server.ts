import type { Buffer } from 'node:buffer';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import {
  decideUpgrade,
  REFUSAL_TEXT,
  type SendResult,
  type Socket,
  type SocketHandlers,
  type SocketServer,
  type SocketServerOptions,
  type UpgradeRequest,
} from '../../gateway/ws/port.ts';

/** How long a peer may take to answer a close before its connection is cut. */
const CLOSE_GRACE_MS = 2_000;
const HEADERS_DEADLINE_MS = 10_000;

export function createWsServer<D>(handlers: SocketHandlers<D>, options: SocketServerOptions): SocketServer {
  const sockets = new Set<WebSocket>();
  const accepted = new WeakMap<IncomingMessage, string | null>();
  const upgrader = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: options.maxReceiveBytes,
    handleProtocols: (_offered, request) => accepted.get(request) ?? false,
  });
  const server = createServer((request, response) => {
    const status = pathOf(request) === options.path ? 426 : 404;
    response.writeHead(status, { connection: 'close' }).end();
  });
  server.headersTimeout = HEADERS_DEADLINE_MS;

  const upgrade = async (request: IncomingMessage, raw: Duplex, head: Buffer): Promise<void> => {
    if (pathOf(request) !== options.path) return refuse(raw, 404);
    const verdict = await decideUpgrade(handlers, readRequest(request), options.upgradeDeadlineMs);
    if (raw.destroyed) return;
    if ('refuse' in verdict) return refuse(raw, verdict.refuse, verdict.retryAfterS);
    accepted.set(request, verdict.subprotocol);
    upgrader.handleUpgrade(request, raw, head, (ws) => {
      sockets.add(ws);
      ws.once('close', () => sockets.delete(ws));
      attach({
        ws,
        raw,
        socket: new WsSocket({ ws, raw, data: verdict.accept, handlers, options }),
        handlers,
        options,
      });
    });
  };
  server.on('upgrade', (request: IncomingMessage, raw: Duplex, head: Buffer) => {
    raw.on('error', () => raw.destroy()); // a peer that vanishes while it is being let in
    void upgrade(request, raw, head);
  });

  return {
    listen: (address) => listen(server, address),
    stopListening: () => void server.close(),
    close: async () => {
      for (const ws of sockets) ws.terminate();
      server.close();
      server.closeAllConnections();
    },
  };
}

function listen(server: Server, { host, port }: { host: string; port: number }): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

interface Attachment<D> {
  ws: WebSocket;
  raw: Duplex;
  socket: WsSocket<D>;
  handlers: SocketHandlers<D>;
  options: SocketServerOptions;
}

function attach<D>({ ws, raw, socket, handlers, options }: Attachment<D>): void {
  handlers.opened(socket);
  ws.on('message', (message: Buffer, isBinary: boolean) => {
    if (!socket.open) return;
    const bytes = message.length;
    handlers.frame(socket, isBinary || bytes > options.maxFrameBytes ? null : message.toString('utf8'), bytes);
  });
  raw.on('drain', () => {
    if (socket.open) handlers.drained(socket);
  });
  ws.on('error', () => undefined); // the library closes the socket itself, with the code that fits; `close` follows
  ws.on('close', (code) => socket.gone(code));
}

const pathOf = (request: IncomingMessage): string => (request.url ?? '').split('?')[0] ?? '';

function readRequest(request: IncomingMessage): UpgradeRequest {
  return {
    path: pathOf(request),
    header: (name) => request.headers[name] || null,
    subprotocols: (request.headers['sec-websocket-protocol'] ?? '')
      .split(',')
      .map((protocol) => protocol.trim())
      .filter((protocol) => protocol !== ''),
    address: request.socket.remoteAddress ?? '',
  };
}

function refuse(raw: Duplex, status: number, retryAfterS?: number): void {
  const wait = retryAfterS === undefined ? '' : `Retry-After: ${retryAfterS}\r\n`;
  const line = `HTTP/1.1 ${status} ${REFUSAL_TEXT[status] ?? 'Refused'}`;
  raw.end(`${line}\r\n${wait}Connection: close\r\nContent-Length: 0\r\n\r\n`);
}

interface WsSocketParts<D> {
  ws: WebSocket;
  raw: Duplex;
  data: D;
  handlers: SocketHandlers<D>;
  options: SocketServerOptions;
}

class WsSocket<D> implements Socket<D> {
  readonly data: D;
  open = true;
  readonly #parts: WsSocketParts<D>;

  constructor(parts: WsSocketParts<D>) {
    this.#parts = parts;
    this.data = parts.data;
  }

  send(bytes: Uint8Array): SendResult {
    if (!this.open) return 'dropped';
    const { ws, options } = this.#parts;
    if (ws.bufferedAmount > options.maxBufferedBytes) return 'dropped';
    ws.send(bytes, { binary: false });
    return ws.bufferedAmount > 0 ? 'buffered' : 'sent';
  }

  cork(write: () => void): void {
    if (!this.open) return;
    const { raw } = this.#parts;
    raw.cork();
    try {
      write();
    } finally {
      raw.uncork();
    }
  }

  bufferedBytes(): number {
    return this.open ? this.#parts.ws.bufferedAmount : 0;
  }

  close(code: number, reason: string): void {
    if (!this.open) return;
    const { ws } = this.#parts;
    ws.close(code, reason);
    const timer = setTimeout(() => ws.terminate(), CLOSE_GRACE_MS);
    timer.unref();
    ws.once('close', () => clearTimeout(timer));
    this.gone(code);
  }

  gone(code: number): void {
    if (!this.open) return;
    this.open = false;
    this.#parts.handlers.closed(this, code);
  }
}
