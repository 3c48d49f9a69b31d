import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** How long requests that run, and clients that keep a connection open, may hold the closing up. */
const DRAIN_MS = 3_000;

export interface HttpServer {
  /** As `http://127.0.0.1:4000`, with the port that was picked where 0 was asked for. */
  readonly url: string;
  readonly port: number;
  /** Refuses new requests, lets running ones end for three seconds, then closes. */
  close(): Promise<void>;
}

export async function serveHttp(
  app: FastifyInstance,
  { host, port }: { host: string; port: number },
): Promise<HttpServer> {
  await app.listen({ host, port });
  const address = app.server.address() as AddressInfo;
  const name = host.includes(':') ? `[${host}]` : host;
  return { url: `http://${name}:${address.port}`, port: address.port, close: () => drain(app) };
}

async function drain(app: FastifyInstance): Promise<void> {
  const impatience = setTimeout(() => app.server.closeAllConnections(), DRAIN_MS);
  try {
    await app.close();
  } finally {
    clearTimeout(impatience);
  }
}
