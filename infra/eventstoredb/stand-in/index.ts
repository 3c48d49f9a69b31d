import { status as grpcStatus, type handleUnaryCall, Server, ServerCredentials } from '@grpc/grpc-js';
import { openSqliteEventStore } from '../../sqlite/event-store/index.ts';
import { type Clock, systemClock } from '../../system/clock.ts';
import { STAND_IN } from '../server-version.ts';
import {
  gossipGrpc,
  gossipPb,
  serverFeaturesGrpc,
  serverFeaturesPb,
  type sharedPb,
  streamsGrpc,
  uuid,
} from '../wire.ts';
import { callError } from './answers.ts';
import { append } from './append.ts';
import { checked } from './auth.ts';
import { batchAppend } from './batch-append.ts';
import type { StandInContext } from './context.ts';
import { encodeResponse, type ReadCall } from './delivery.ts';
import type { StandInFaults } from './faults.ts';
import { read } from './read.ts';

export type { AppendFate, ReadFate, StandInFaults } from './faults.ts';

export interface StandInOptions {
  /** The SQLite event log behind it. */
  file: string;
  host?: string;
  /** 0: any free one. */
  port?: number;
  faults?: StandInFaults;
  clock?: Clock;
  /** Positions on the wire are the log's own times this, so that there are holes between them as in EventStoreDB. */
  stride?: number;
  /** PEM texts. Without them it speaks in the clear, and clients send no credentials. */
  tls?: { key: string; cert: string };
  /** `user:password` that calls must bring along. */
  credentials?: string;
}

export interface StandIn {
  /** A connection string for the client. */
  readonly url: string;
  readonly port: number;
  /** Says GOAWAY on every connection, and breaks those that are still there after so long. New ones are welcome. */
  goAway(graceMs: number): void;
  close(): Promise<void>;
}

/** What it calls itself where a client asks for the server's version. */
const VERSION = `24.10.0-${STAND_IN}`;
const LOOPBACK = '127.0.0.1';
const MESSAGE_MAX_BYTES = 17 * 1_048_576;
const CLOSE_GRACE_MS = 500;

/**
 * A server that speaks EventStoreDB's protocol over gRPC as far as this program uses it, and keeps the events in a
 * SQLite event log: for development and tests on machines without the real one. It is not EventStoreDB: one node, no
 * replication, no projections, no persistent subscriptions, no scavenging; `$maxCount` is noted and not applied.
 */
export async function startStandIn(options: StandInOptions): Promise<StandIn> {
  const { file, host = LOOPBACK, clock = systemClock, faults = {}, stride = 1 } = options;
  const store = await openSqliteEventStore({ file, clock });
  const self = { host, port: options.port ?? 0 };
  const credentials = options.credentials ?? null;
  const context: StandInContext = { store, faults, stride, self, credentials, encoded: new WeakMap() };
  const server = createServer(context);
  try {
    self.port = await listen(server, options, host);
  } catch (error) {
    await store.close();
    throw error;
  }
  let closing: Promise<void> | null = null;
  return {
    url: urlOf(options, self),
    port: self.port,
    goAway: (graceMs) => server.drain(`${host}:${self.port}`, graceMs),
    close: () => (closing ??= close(server, () => store.close())),
  };
}

const STREAMS = streamsGrpc.StreamsService;

function createServer(context: StandInContext): Server {
  const server = new Server({
    'grpc.max_receive_message_length': MESSAGE_MAX_BYTES,
    'grpc.max_send_message_length': MESSAGE_MAX_BYTES,
  });
  server.addService(
    { ...STREAMS, read: { ...STREAMS.read, responseSerialize: encodeResponse } },
    checked(context, {
      batchAppend: (call: Parameters<typeof batchAppend>[1]) => batchAppend(context, call),
      append: (call: Parameters<typeof append>[1], done: Parameters<typeof append>[2]) => append(context, call, done),
      read(call: ReadCall) {
        call.on('error', () => call.end());
        read(context, call).catch((error: unknown) => call.emit('error', error));
      },
    }),
  );
  server.addService(serverFeaturesGrpc.ServerFeaturesService, { getSupportedMethods: features(context) });
  server.addService(gossipGrpc.GossipService, { read: gossip(context) });
  return server;
}

type Empty = InstanceType<typeof sharedPb.Empty>;

function features({
  faults,
}: StandInContext): handleUnaryCall<Empty, InstanceType<typeof serverFeaturesPb.SupportedMethods>> {
  return (_call, done) => {
    const fate = faults.features?.() ?? 'fine';
    if (fate === 'swallow') return;
    if (fate === 'internal') return done(callError(grpcStatus.INTERNAL, 'an error on demand'));
    const methods = new serverFeaturesPb.SupportedMethods();
    methods.setEventStoreServerVersion(VERSION);
    for (const name of ['batchappend', 'append', 'read']) {
      const method = new serverFeaturesPb.SupportedMethod();
      method.setServiceName('event_store.client.streams.streams');
      method.setMethodName(name);
      methods.addMethods(method);
    }
    done(null, methods);
  };
}

/** A cluster of one, for connection strings that ask who is there. */
function gossip({ self, faults }: StandInContext): handleUnaryCall<Empty, InstanceType<typeof gossipPb.ClusterInfo>> {
  return (_call, done) => {
    const { host, port } = faults.gossip?.() ?? self;
    const endPoint = new gossipPb.EndPoint();
    endPoint.setAddress(host);
    endPoint.setPort(port);
    const member = new gossipPb.MemberInfo();
    member.setInstanceId(uuid('00000000-0000-0000-0000-000000000001'));
    member.setState(gossipPb.MemberInfo.VNodeState.LEADER);
    member.setIsAlive(true);
    member.setHttpEndPoint(endPoint);
    const cluster = new gossipPb.ClusterInfo();
    cluster.addMembers(member);
    done(null, cluster);
  };
}

function listen(server: Server, { tls, port = 0 }: StandInOptions, host: string): Promise<number> {
  const credentials = tls
    ? ServerCredentials.createSsl(null, [{ private_key: Buffer.from(tls.key), cert_chain: Buffer.from(tls.cert) }])
    : ServerCredentials.createInsecure();
  return new Promise((resolve, reject) => {
    server.bindAsync(`${host}:${port}`, credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
}

function urlOf({ tls, credentials }: StandInOptions, { host, port }: { host: string; port: number }): string {
  return `esdb://${credentials ? `${credentials}@` : ''}${host}:${port}${tls ? '' : '?tls=false'}`;
}

/** First nobody new, then a moment for those who are being answered, then the log. */
async function close(server: Server, closeStore: () => Promise<void>): Promise<void> {
  await new Promise<void>((resolve) => {
    const force = setTimeout(() => server.forceShutdown(), CLOSE_GRACE_MS);
    server.tryShutdown(() => {
      clearTimeout(force);
      resolve();
    });
  });
  await closeStore();
}
