import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { ids } from '../../../bin/write-side.ts';
import { type Collector, startCollector } from '../../support/collector.ts';
import { call } from '../../support/protocol-client.ts';
import { MESSAGE_TEXT } from '../message-text.ts';
import { median, percentile, type Verdict } from '../pairs.ts';
import { floorOf, openEngines, type RoundTrips } from './engine-round-trips.ts';
import { hopsOf, type Journey } from './hops.ts';
import { type LiveSocket, now, openLive } from './live-socket.ts';
import { type BenchCluster, openBenchCluster } from './world.ts';

const ROOMS = 8;
const PER_SECOND = 25;
const PAIRS = 5;
const SECONDS = 6;
const WARM_UP_SECONDS = 5;
const TRACED_SECONDS = 8;
/** Of so many sends one is read back, from the views. */
const READ_EVERY = 5;
const SPANS_WITHIN_MS = 5_000;
const GOAL = 2.5;

export interface Room {
  readonly chatId: string;
  /** Of the sender. */
  readonly token: string;
  readonly sender: LiveSocket;
  readonly receiver: LiveSocket;
}

export interface Run {
  readonly journeys: Journey[];
  readonly ackedMs: number[];
  readonly readableMs: number[];
}

/**
 * From a send to its push on another's socket, through event store, relay, Kafka, deliveries, Kafka and a gateway, each
 * role in a process of its own; beside the sum of what the engines take by hand for the same, in turns.
 */
export async function benchClusterLatency(): Promise<Verdict[]> {
  const cluster = await openBenchCluster();
  const collector = await startCollector();
  try {
    const plain = await startProcesses(cluster, {});
    const rooms = await openRooms(cluster, plain.gateway);
    const [room] = rooms as [Room];
    const engines = await openEngines(cluster, room.sender, PER_SECOND);
    await sendSteadily({ rooms, http: plain.http, seconds: WARM_UP_SECONDS });
    await engines.measure({ eventStore: [], kafka: [], socket: [] }, WARM_UP_SECONDS);
    const floors: RoundTrips[] = [];
    const runs: Run[] = [];
    for (let pair = 0; pair < PAIRS; pair++) {
      const floor: RoundTrips = { eventStore: [], kafka: [], socket: [] };
      await engines.measure(floor, SECONDS);
      floors.push(floor);
      runs.push(await sendSteadily({ rooms, http: plain.http, seconds: SECONDS }));
    }
    await engines.close();
    for (const { sender, receiver } of rooms) for (const socket of [sender, receiver]) socket.close();
    await plain.stop();
    const hops = await traced(cluster, collector);
    return verdictsOf({ floors, runs, hops });
  } finally {
    await cluster.close();
    collector.close();
  }
}

interface Processes {
  readonly gateway: string;
  readonly http: string;
  stop(): Promise<void>;
}

async function startProcesses(cluster: BenchCluster, env: Record<string, string>): Promise<Processes> {
  const roles = ['gateway,http', 'relay', 'deliveries', 'projector'];
  const [edge, ...others] = await Promise.all(roles.map((each) => cluster.launch(each, env)));
  if (!edge) throw new Error('no process');
  return {
    gateway: edge.gateway,
    http: edge.http,
    stop: async () => void (await Promise.all([edge, ...others].map((process) => process.stop()))),
  };
}

let rooms = 0;
async function openRooms({ user, commands }: BenchCluster, gateway: string): Promise<Room[]> {
  const open = async (): Promise<Room> => {
    const n = ++rooms;
    const [sender, receiver] = [await user(`sender_${n}`), await user(`receiver_${n}`)];
    const chatId = ids.ulid();
    const started = await commands.chat({
      type: 'start-chat',
      actor: sender.userId,
      chatId,
      commandId: chatId,
      kind: 'group',
      title: `bench ${n}`,
      members: [receiver.userId],
    });
    if (!started.ok) throw new Error(started.rejection.detail);
    const sockets = [await openLive(gateway, sender.token), await openLive(gateway, receiver.token)] as const;
    const welcome = await sockets[1].until(({ ev }) => ev === 'welcome');
    const synced = await sockets[1].request('sync', { since: welcome['position'] });
    if (synced['ok'] !== true) throw new Error(`sync: ${JSON.stringify(synced)}`);
    return { chatId, token: sender.token, sender: sockets[0], receiver: sockets[1] };
  };
  return Promise.all(Array.from({ length: ROOMS }, open));
}

/** Sends at a steady rate, whatever comes back, and waits until all has been delivered. Some are read back where there is an address for it. */
export async function sendSteadily(of: { rooms: readonly Room[]; http: string | null; seconds: number }): Promise<Run> {
  const run: Run = { journeys: [], ackedMs: [], readableMs: [] };
  const open: Promise<void>[] = [];
  const count = of.seconds * PER_SECOND;
  const began = performance.now();
  for (let n = 0; n < count; n++) {
    await pause(Math.max(0, began + (n / PER_SECOND) * 1_000 - performance.now()));
    open.push(sendOne(of.rooms[n % of.rooms.length] as Room, { run, http: n % READ_EVERY === 0 ? of.http : null }));
  }
  await Promise.all(open);
  return run;
}

async function sendOne(room: Room, { run, http }: { run: Run; http: string | null }): Promise<void> {
  const messageId = ids.ulid();
  const traceId = randomBytes(16).toString('hex');
  const delivered = room.receiver.arrival(messageId);
  const sentAt = now();
  const traceparent = `00-${traceId}-${randomBytes(8).toString('hex')}-01`;
  const answer = await sent(room.sender, { chatId: room.chatId, messageId, text: MESSAGE_TEXT, traceparent });
  run.ackedMs.push(now() - sentAt);
  if (http !== null) {
    const path = `/v1/chats/${room.chatId}/messages?limit=1&minPosition=${String(answer['position'])}`;
    const page = await call<{ messages: { messageId: string }[] }>(http, path, { token: room.token });
    if (page.status === 200) run.readableMs.push(now() - sentAt);
  }
  run.journeys.push({ traceId, sentAt, deliveredAt: await delivered });
}

/** Again, where nobody knows what became of it: a store that has too much to do is part of what is timed. */
async function sent(socket: LiveSocket, message: Record<string, unknown>): Promise<Record<string, unknown>> {
  for (;;) {
    const answer = await socket.request('send', message);
    if (answer['ok'] === true) return answer;
    if ((answer['error'] as { retryable: boolean }).retryable !== true) throw new Error(JSON.stringify(answer));
  }
}

/** Once more, with every message a trace of its own: where the time goes. */
async function traced(cluster: BenchCluster, collector: Collector): Promise<Record<string, unknown>> {
  const env = { HINDSIGHT_TRACES: collector.url, OTEL_BSP_SCHEDULE_DELAY: '200' };
  const { gateway, http } = await startProcesses(cluster, env);
  const open = await openRooms(cluster, gateway);
  await sendSteadily({ rooms: open, http, seconds: WARM_UP_SECONDS });
  const { journeys } = await sendSteadily({ rooms: open, http, seconds: TRACED_SECONDS });
  const pushed = (): number => collector.spans().filter(({ name }) => name === 'push').length;
  for (const until = performance.now() + SPANS_WITHIN_MS; performance.now() < until; await pause(100)) {
    const before = pushed();
    await pause(500);
    if (pushed() === before && before >= journeys.length) break;
  }
  for (const { sender, receiver } of open) for (const socket of [sender, receiver]) socket.close();
  return hopsOf(journeys, collector.spans());
}

export const deliveredMs = ({ journeys }: Run): number[] =>
  journeys.map(({ sentAt, deliveredAt }) => deliveredAt - sentAt);

function verdictsOf({
  floors,
  runs,
  hops,
}: {
  floors: readonly RoundTrips[];
  runs: readonly Run[];
  hops: Record<string, unknown>;
}): Verdict[] {
  const both = (of: (p: number) => number) => ({ p50: round(of(50)), p99: round(of(99)) });
  const engine = (name: keyof RoundTrips) => both((p) => median(floors.map((floor) => percentile(floor[name], p))));
  const details = {
    perSecond: PER_SECOND,
    deliveredMs: both((p) => median(runs.map((run) => percentile(deliveredMs(run), p)))),
    floorMs: both((p) => median(floors.map((floor) => floorOf(floor, p)))),
    ackedMs: both((p) => median(runs.map((run) => percentile(run.ackedMs, p)))),
    readableMs: both((p) => median(runs.map((run) => percentile(run.readableMs, p)))),
    eventStoreMs: engine('eventStore'),
    kafkaMs: engine('kafka'),
    socketMs: engine('socket'),
    hopsMsTraced: hops,
  };
  return [50, 99].map((p) => {
    const ratios = runs.map((run, n) => percentile(deliveredMs(run), p) / floorOf(floors[n] as RoundTrips, p));
    return {
      bench: `cluster-latency-p${p}`,
      what: `send to delivered through all engines, p${p} ÷ the sum of the engines’ own round trips`,
      ratio: median(ratios),
      target: { is: 'at most', value: GOAL },
      details: p === 50 ? { ...details, ratios: ratios.map(round) } : { ratios: ratios.map(round) },
    };
  });
}

const round = (value: number): number => Math.round(value * 100) / 100;
