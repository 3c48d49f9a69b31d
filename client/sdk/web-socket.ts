import type { SocketFactory, SocketLike } from './socket-like.ts';

/** A WebSocket as browsers, Node 22 and `ws` make one. */
export type WebSocketConstructor = new (url: string, protocols: string[]) => SocketLike;

/** The given kind, else the platform's, else that of the package `ws`, which Node 20 needs. */
export function socketFactory(given?: WebSocketConstructor): SocketFactory {
  let kind: Promise<WebSocketConstructor> | null = null;
  return async (url, protocols) => {
    kind ??= given ? Promise.resolve(given) : platformKind();
    const socket = new (await kind)(url, protocols);
    // `ws` ends the process over an error that nobody hears. A close follows it, and tells all there is to know.
    socket.addEventListener('error', () => undefined);
    return socket;
  };
}

async function platformKind(): Promise<WebSocketConstructor> {
  const { WebSocket } = globalThis as { WebSocket?: WebSocketConstructor };
  if (WebSocket) return WebSocket;
  const name = 'ws'; // a name that bundlers for browsers do not follow
  const { WebSocket: fromPackage } = (await import(/* @vite-ignore */ name)) as { WebSocket: WebSocketConstructor };
  return fromPackage;
}
