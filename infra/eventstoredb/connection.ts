import { setImmediate as nextTurn } from 'node:timers/promises';
import { EventStoreDBClient } from '@eventstore/db-client';
import { type CallOptions, type Channel, type Client, connectivityState, type Metadata } from '@grpc/grpc-js';
import { StoreError } from '../../events/event-store.ts';
import { messageOf } from '../../events/message-of.ts';
import { withDeadline } from '../system/deadline.ts';
import { streamsGrpc } from './wire.ts';

export type StreamsClient = InstanceType<typeof streamsGrpc.StreamsClient>;

/** A way to the server at this moment. */
export interface Link {
  readonly streams: StreamsClient;
  /** What goes with a call: name and credentials of the connection; no deadline where it is null. */
  arguments(deadlineMs: number | null): [Metadata, CallOptions];
  /** Cancels the call with the connection, and takes what it brings for a sign of life. */
  track(call: Tracked): void;
  /** A call failed: another channel where that may help, and the leader's where the server named it. */
  failed(error: unknown): void;
  /**
   * Gives up everything that runs over this link, and connects anew, unless anything at all has come over it since then
   * (by `performance.now()`): a server that is slow would be slower still with everything asked once more. False there.
   */
  renewIfSilent(since: number, reason: string): Promise<boolean>;
}

export interface Connection {
  /** Throws `StoreError` (`unavailable`) where the server cannot be reached within the time. */
  link(timeoutMs: number): Promise<Link>;
  /** The JSON that the server answers to a GET over HTTP. */
  http(path: string, timeoutMs: number): Promise<unknown>;
  close(): Promise<void>;
}

export interface Tracked {
  cancel(): void;
  on(event: 'data', listener: () => void): unknown;
  once(event: 'status', listener: () => void): unknown;
}

/**
 * The members of the client that its own commands are built on, with connection strings, TLS, credentials, discovery of
 * a cluster and its leader behind them. They are declared protected or private; the version is pinned for that reason.
 */
interface ClientInside {
  getGRPCClient(constructor: typeof streamsGrpc.StreamsClient, name: string): Promise<StreamsClient>;
  callArguments(base: { requiresLeader: boolean; deadline?: number }, options?: CallOptions): [Metadata, CallOptions];
  handleError(client: Client, error: Error): Promise<void>;
  getChannel(): Promise<Channel>;
  readonly HTTPRequest: (method: 'GET', path: string, options: object) => Promise<unknown>;
  dispose(): Promise<void>;
}

/** One connection after the other. */
interface Life {
  readonly client: ClientInside;
  readonly calls: Set<Tracked>;
  /** When anything came over it last, or it was opened, by `performance.now()`. */
  heardAt: number;
  /** Since when it has been waited for in vain, by `performance.now()`; null where it has not. */
  unreadySince: number | null;
  /** For how long that goes on before it is given up. */
  patienceMs: number;
}

/**
 * A node that is gone may still be named as the leader, by gossip or by a node that no longer leads. The client keeps the
 * channel to it until a call over it fails, and none is made; and grpc tries it again at ever longer intervals.
 */
const PATIENCE_FIRST_MS = 2_000;
/** Each connection in a row that was not made in time is given longer: it may be the way that is slow. */
const PATIENCE_MAX_MS = 16_000;

interface State {
  life: Life;
  closed: boolean;
}

/** `onRenewed` is told why a connection was given up. */
export function createConnection(url: string, onRenewed: (reason: string) => void): Connection {
  const state: State = { life: newLife(url), closed: false };

  function renew(life: Life, reason: string): void {
    if (state.closed || state.life !== life) return;
    // Where it was waited for in vain to the end, the next one gets longer.
    const patienceMs = wasInVain(life) ? Math.min(2 * life.patienceMs, PATIENCE_MAX_MS) : PATIENCE_FIRST_MS;
    state.life = newLife(url, patienceMs);
    onRenewed(reason);
    abandon(life);
  }

  function linkOver(life: Life, streams: StreamsClient): Link {
    const { client } = life;
    return {
      streams,
      arguments: (deadlineMs) => callArguments(client, deadlineMs),
      track: (call) => track(life, call),
      failed(error) {
        if (!(error instanceof Error)) return;
        // What the client itself makes of an error may fail in turn, on trailers that are not there.
        client.handleError(streams, error).catch((failure: unknown) => renew(life, String(failure)));
      },
      async renewIfSilent(since, reason) {
        // Where this process itself stood still, its timers run out before it reads what has come meanwhile.
        await nextTurn();
        if (life.heardAt > since) return false;
        renew(life, reason);
        return true;
      },
    };
  }

  return {
    async link(timeoutMs) {
      const deadline = performance.now() + timeoutMs;
      for (;;) {
        if (state.closed) throw new StoreError('closed', 'the event store is closed');
        const { life } = state;
        try {
          return linkOver(life, await ready(life, deadline - performance.now()));
        } catch (cause) {
          if (wasInVain(life)) renew(life, `no connection was made in ${life.patienceMs} ms`);
          // There is another connection to wait for, unless the time is over.
          if (state.life === life || performance.now() >= deadline) throw cause;
        }
      }
    },
    http: (path, timeoutMs) => within(state.life.client.HTTPRequest('GET', path, {}), timeoutMs),
    async close() {
      if (state.closed) return;
      state.closed = true;
      abandon(state.life);
    },
  };
}

const newLife = (url: string, patienceMs = PATIENCE_FIRST_MS): Life => ({
  client: open(url),
  calls: new Set(),
  heardAt: performance.now(),
  unreadySince: null,
  patienceMs,
});

const wasInVain = ({ unreadySince, patienceMs }: Life): boolean =>
  unreadySince !== null && performance.now() - unreadySince >= patienceMs;

function track(life: Life, call: Tracked): void {
  life.calls.add(call);
  call.on('data', () => {
    life.heardAt = performance.now();
  });
  call.once('status', () => life.calls.delete(call));
}

let opened = 0;

/**
 * gRPC shares a connection among all channels of a process whose settings are the same, and a new client would be given
 * the very connection that the old one was given up for. So no two have the same: they differ by a millisecond in how
 * long an unanswered ping is waited for.
 */
function open(url: string): ClientInside {
  opened = (opened + 1) % APART_MAX;
  const found = KEEP_ALIVE_TIMEOUT.exec(url);
  const given = Number(found?.[2] ?? KEEP_ALIVE_TIMEOUT_MS);
  const timeout = (given < 0 ? NEVER_MS : given) + opened;
  const own = found
    ? url.replace(KEEP_ALIVE_TIMEOUT, `$1${timeout}`)
    : `${url}${url.includes('?') ? '&' : '?'}keepAliveTimeout=${timeout}`;
  return EventStoreDBClient.connectionString(own) as unknown as ClientInside;
}

const KEEP_ALIVE_TIMEOUT = /([?&]keep[-_]?alive[-_]?timeout=)(-?\d+)/i;
/** What the client takes where the connection string does not say. */
const KEEP_ALIVE_TIMEOUT_MS = 10_000;
const NEVER_MS = 86_400_000;
const APART_MAX = 1_000;

function callArguments(client: ClientInside, deadlineMs: number | null): [Metadata, CallOptions] {
  return deadlineMs === null
    ? client.callArguments({ requiresLeader: true }, { deadline: Number.POSITIVE_INFINITY })
    : client.callArguments({ requiresLeader: true, deadline: deadlineMs });
}

/** Connected, so that what is written to a call from here on may have reached the server, and before it cannot. */
async function ready(life: Life, timeoutMs: number): Promise<StreamsClient> {
  const deadline = performance.now() + timeoutMs;
  try {
    const streams = await within(life.client.getGRPCClient(streamsGrpc.StreamsClient, 'hindsight'), timeoutMs);
    life.unreadySince ??= performance.now();
    await connected(streams, Math.min(deadline, life.unreadySince + life.patienceMs) - performance.now());
    life.unreadySince = null;
    life.patienceMs = PATIENCE_FIRST_MS;
    return streams;
  } catch (cause) {
    const why = messageOf(cause);
    throw new StoreError('unavailable', `the event store cannot be reached: ${why}`, { cause });
  }
}

async function connected(streams: StreamsClient, timeoutMs: number): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      streams.waitForReady(Date.now() + Math.max(1, timeoutMs), (error) => (error ? reject(error) : resolve()));
    });
  } catch (error) {
    // Where this process itself stood still, the time was over before it could see that the connection was made.
    await nextTurn();
    if (streams.getChannel().getConnectivityState(false) !== connectivityState.READY) throw error;
  }
}

/** The client looks for a cluster's nodes for as long as it takes. */
const within = <T>(work: Promise<T>, timeoutMs: number): Promise<T> =>
  withDeadline(work, timeoutMs, () => new Error(`nothing was heard in ${timeoutMs} ms`));

/** A half-open connection does not end by itself: its calls are cancelled here, and its channel is closed unasked. */
function abandon({ client, calls }: Life): void {
  for (const call of calls) call.cancel();
  const gone = client.getChannel().then((channel) => channel.close());
  // Both settle, or there was no node to have a channel to: then nothing is left to close.
  void Promise.allSettled([gone, client.dispose()]);
}
