import type * as Uws from 'uWebSockets.js';
import { Buffer } from 'node:buffer';
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
import { openUpgradeShelter, type UpgradeShelter } from './upgrade-shelter.ts';

type UwsModule = typeof Uws;
type RawSocket<D> = Uws.WebSocket<Slot<D>>;
/** What the library keeps with a socket: the port's view of it, made once it is open. */
interface Slot<D> {
  data: D;
  socket: UwsSocket<D> | null;
}

/** Throws where the library's binary cannot be loaded on this machine. */
export async function loadUws(): Promise<UwsModule> {
  const loaded = (await import('uWebSockets.js')) as { default?: UwsModule } & UwsModule;
  return loaded.default ?? loaded;
}

export function createUwsServer<D>(
  uws: UwsModule,
  handlers: SocketHandlers<D>,
  options: SocketServerOptions,
): SocketServer {
  const app = uws.App();
  const duty: UpgradeDuty<D> = { handlers, deadlineMs: options.upgradeDeadlineMs, shelter: null, opening: null };
  app.ws<Slot<D>>(options.path, behaviour(duty, options));
  // Every handler answers within its call: one that returns without would end the process. No keep-alive, so that
  // nobody holds a connection open with nothing but refused requests.
  app.any(options.path, (response) => refuse(response, 426));
  app.any('/*', (response) => refuse(response, 404));
  let listening: Uws.us_listen_socket | null = null;

  const stopListening = (): void => {
    if (listening) uws.us_listen_socket_close(listening);
    listening = null;
  };
  return {
    async listen({ host, port }) {
      duty.shelter = await openUpgradeShelter(uws);
      return new Promise((resolve, reject) => {
        app.listen(host, port, (token) => {
          if (!token) return reject(new Error(`cannot listen on ${host}:${port}: is the port in use?`));
          listening = token;
          resolve(uws.us_socket_local_port(token as unknown as Uws.us_socket));
        });
      });
    },
    stopListening,
    close: async () => {
      stopListening();
      app.close();
      duty.shelter?.close();
    },
  };
}

function behaviour<D>(duty: UpgradeDuty<D>, options: SocketServerOptions): Uws.WebSocketBehavior<Slot<D>> {
  const { handlers } = duty;
  return {
    maxPayloadLength: options.maxReceiveBytes,
    maxBackpressure: options.maxBufferedBytes,
    // Clients are told to ping; who does not is closed by the gateway, with a code that says so.
    idleTimeout: 0,
    sendPingsAutomatically: false,
    upgrade: (response, request, context) => {
      upgrade(duty, response, request, context);
    },
    open: (raw) => {
      const slot = raw.getUserData();
      slot.socket = new UwsSocket(raw, slot.data, handlers);
      duty.opening = slot.socket;
    },
    message: (raw, message, isBinary) => {
      const bytes = message.byteLength;
      // Decoding copies: the library takes the bytes back when this call returns.
      const text = isBinary || bytes > options.maxFrameBytes ? null : Buffer.from(message).toString('utf8');
      const socket = raw.getUserData().socket;
      if (socket) handlers.frame(socket, text, bytes);
    },
    drain: (raw) => {
      const socket = raw.getUserData().socket;
      if (socket) handlers.drained(socket);
    },
    close: (raw, code) => raw.getUserData().socket?.gone(code),
  };
}

interface UpgradeDuty<D> {
  readonly handlers: SocketHandlers<D>;
  readonly deadlineMs: number;
  shelter: UpgradeShelter | null;
  /** The socket that the upgrade under way has just made. */
  opening: UwsSocket<D> | null;
}

function upgrade<D>(
  duty: UpgradeDuty<D>,
  response: Uws.HttpResponse,
  request: Uws.HttpRequest,
  context: Uws.us_socket_context_t,
): void {
  let aborted = false;
  response.onAborted(() => {
    aborted = true;
  });
  // The request lives on the stack: all that is needed of it is read before the first await.
  const asked = readRequest(response, request);
  const key = request.getHeader('sec-websocket-key');
  const extensions = request.getHeader('sec-websocket-extensions');
  void decideUpgrade(duty.handlers, asked, duty.deadlineMs).then((verdict) => {
    if (aborted) return;
    if ('refuse' in verdict) {
      response.cork(() => refuse(response, verdict.refuse, verdict.retryAfterS));
      return;
    }
    const slot: Slot<D> = { data: verdict.accept, socket: null };
    duty.shelter?.run(() => {
      response.cork(() => response.upgrade(slot, key, verdict.subprotocol ?? '', extensions, context));
    });
    const { opening } = duty;
    duty.opening = null;
    opening?.announce();
  });
}

function readRequest(response: Uws.HttpResponse, request: Uws.HttpRequest): UpgradeRequest {
  const headers = { authorization: request.getHeader('authorization'), origin: request.getHeader('origin') };
  return {
    path: request.getUrl(),
    header: (name) => headers[name] || null,
    subprotocols: request
      .getHeader('sec-websocket-protocol')
      .split(',')
      .map((protocol) => protocol.trim())
      .filter((protocol) => protocol !== ''),
    address: Buffer.from(response.getRemoteAddressAsText()).toString('latin1'),
  };
}

function refuse(response: Uws.HttpResponse, status: number, retryAfterS?: number): void {
  response.writeStatus(`${status} ${REFUSAL_TEXT[status] ?? 'Refused'}`);
  if (retryAfterS !== undefined) response.writeHeader('Retry-After', String(retryAfterS));
  response.end('', true);
}

/** The library throws when a socket is used after it closed, so the flag is asked first everywhere. */
class UwsSocket<D> implements Socket<D> {
  readonly data: D;
  open = true;
  readonly #raw: RawSocket<D>;
  readonly #handlers: SocketHandlers<D>;
  #announced = false;

  constructor(raw: RawSocket<D>, data: D, handlers: SocketHandlers<D>) {
    this.#raw = raw;
    this.data = data;
    this.#handlers = handlers;
  }

  send(bytes: Uint8Array): SendResult {
    if (!this.open) return 'dropped';
    const result = this.#raw.send(bytes, false, false);
    return result === 1 ? 'sent' : result === 0 ? 'buffered' : 'dropped';
  }

  cork(write: () => void): void {
    if (this.open) this.#raw.cork(write);
  }

  bufferedBytes(): number {
    return this.open ? this.#raw.getBufferedAmount() : 0;
  }

  close(code: number, reason: string): void {
    if (this.open) this.#raw.end(code, reason); // calls `gone` before it returns
  }

  announce(): void {
    if (!this.open) return;
    this.#announced = true;
    this.#handlers.opened(this);
  }

  gone(code: number): void {
    if (!this.open) return;
    this.open = false;
    if (this.#announced) this.#handlers.closed(this, code);
  }
}
