import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Proxy {
  /** The given connection string by way of here. */
  url(of: string): string;
  /** Connections that are there stay open, and nothing comes through any more; new ones are as good as ever. */
  freeze(): void;
  /** Every connection breaks. */
  reset(): void;
  connections(): number;
  close(): Promise<void>;
}

/** Stands between a client and a server, for what happens to cables. */
export async function startProxy(port: number): Promise<Proxy> {
  const pairs = new Set<[Socket, Socket]>();
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    const pair: [Socket, Socket] = [near, far];
    pairs.add(pair);
    for (const [from, to] of [pair, [far, near] as const]) {
      from.on('data', (bytes) => to.write(bytes));
      from.on('error', () => to.destroy());
      from.on('close', () => {
        to.destroy();
        pairs.delete(pair);
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const own = (server.address() as AddressInfo).port;
  const every = (): Socket[] => [...pairs].flat();
  return {
    url: (of) => of.replace(`:${port}`, `:${own}`),
    freeze() {
      for (const socket of every()) socket.removeAllListeners('data').pause();
    },
    reset() {
      for (const socket of every()) socket.resetAndDestroy();
    },
    connections: () => pairs.size,
    async close() {
      server.close();
      for (const socket of every()) socket.destroy();
    },
  };
}
