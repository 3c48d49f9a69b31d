import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** To the server or to the client. */
export type Way = 'up' | 'down';

/** A proxy between a client and a server on TCP, which does to bytes what networks do. */
export interface TcpProxy {
  readonly host: string;
  readonly port: number;
  /** Connections that are open now, and how many there ever were. */
  readonly connections: { open(): number; total(): number };
  /** Bytes that came from that side, whether they were let through or not. */
  readonly bytes: Record<Way, number>;
  /** Everything takes so much longer, each way. */
  setLatency(ms: number): void;
  /** Nothing gets through any more that way, nor both; connections stay open, and new ones are accepted. */
  blackHole(way?: Way): void;
  /** Answers are lost: requests get through. */
  dropResponses(): void;
  /** New connections are refused, and those that are there reset. */
  cut(): void;
  /** Resets every connection; new ones are welcome. */
  reset(): void;
  /** Lets everything through again. Connections that have lost bytes are reset: what follows would make no sense. */
  heal(): void;
  /** Calls for each piece that arrives, before it is passed on. */
  onBytes(listener: (way: Way, bytes: Buffer) => void): () => void;
  close(): Promise<void>;
}

interface State {
  latencyMs: number;
  readonly lost: Set<Way>;
  cut: boolean;
  readonly pairs: Set<Pair>;
  readonly listeners: Set<(way: Way, bytes: Buffer) => void>;
  readonly bytes: Record<Way, number>;
  total: number;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  damaged: boolean;
}

export async function createTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const state: State = {
    latencyMs: 0,
    lost: new Set(),
    cut: false,
    pairs: new Set(),
    listeners: new Set(),
    bytes: { up: 0, down: 0 },
    total: 0,
  };
  const server = createServer((client) => accept(state, client, target));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const reset = (): void => {
    for (const pair of state.pairs) drop(pair);
  };
  return {
    host: '127.0.0.1',
    port: portOf(server),
    connections: { open: () => state.pairs.size, total: () => state.total },
    bytes: state.bytes,
    setLatency(ms) {
      state.latencyMs = ms;
    },
    blackHole(way) {
      for (const one of way ? [way] : (['up', 'down'] as const)) state.lost.add(one);
    },
    dropResponses: () => state.lost.add('down'),
    cut() {
      state.cut = true;
      reset();
    },
    reset,
    heal() {
      state.cut = false;
      state.lost.clear();
      for (const pair of state.pairs) if (pair.damaged) drop(pair);
    },
    onBytes(listener) {
      state.listeners.add(listener);
      return () => state.listeners.delete(listener);
    },
    async close() {
      reset();
      server.close();
      await once(server, 'close');
    },
  };
}

function accept(state: State, client: Socket, target: { host: string; port: number }): void {
  if (state.cut) {
    client.resetAndDestroy();
    return;
  }
  const server = connect(target.port, target.host);
  const pair: Pair = { client, server, damaged: false };
  state.pairs.add(pair);
  state.total++;
  pass(state, pair, 'up');
  pass(state, pair, 'down');
  for (const socket of [client, server]) {
    socket.setNoDelay(true);
    socket.on('error', () => drop(pair));
    socket.on('close', () => {
      state.pairs.delete(pair);
      // What is already on its way still arrives: an end is no reset.
      const other = socket === client ? server : client;
      if (state.latencyMs > 0) setTimeout(() => other.end(), state.latencyMs);
      else other.end();
    });
  }
}

function pass(state: State, pair: Pair, way: Way): void {
  const [from, to] = way === 'up' ? [pair.client, pair.server] : [pair.server, pair.client];
  const late: { due: number; bytes: Buffer }[] = [];
  /** In the order of arrival, also where the latency has changed in between. */
  function passDue(): void {
    for (let next = late[0]; next; next = late[0]) {
      const waitMs = next.due - performance.now();
      if (waitMs > 0) {
        setTimeout(passDue, Math.ceil(waitMs));
        return;
      }
      late.shift();
      send(from, to, next.bytes);
    }
  }
  from.on('data', (bytes: Buffer) => {
    state.bytes[way] += bytes.length;
    for (const listener of state.listeners) listener(way, bytes);
    if (state.lost.has(way)) {
      pair.damaged = true;
      return;
    }
    late.push({ due: performance.now() + state.latencyMs, bytes });
    if (late.length === 1) passDue();
  });
}

function send(from: Socket, to: Socket, bytes: Buffer): void {
  if (to.destroyed || to.writableEnded) return;
  if (to.write(bytes)) return;
  from.pause();
  to.once('drain', () => from.resume());
}

function drop({ client, server }: Pair): void {
  client.resetAndDestroy();
  server.resetAndDestroy();
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy listens on no port');
  return address.port;
}
