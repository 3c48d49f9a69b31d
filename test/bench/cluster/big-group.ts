import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { KafkaMessage } from 'kafkajs';
import { ids } from '../../../bin/write-side.ts';
import { plain } from '../../../events/content.ts';
import { NO_STREAM } from '../../../events/event-store.ts';
import { GROUP_MAX_MEMBERS } from '../../../events/limits.ts';
import { chatStream } from '../../../events/streams.ts';
import { createRecordTail } from '../../../infra/kafka/record-tail.ts';
import type { ServerProcess } from '../../support/server-process.ts';
import { inTurns } from '../client-sockets.ts';
import { MESSAGE_TEXT } from '../message-text.ts';
import { median, percentile, type Verdict } from '../pairs.ts';
import { cpuSeconds } from '../process-stats.ts';
import { type LiveSocket, now, openLive } from './live-socket.ts';
import { type BenchCluster, openBenchCluster, SLOTS } from './world.ts';

/** Of the members, so many are connected. */
const CONNECTED = 200;
const SENDS = 20;
const PAUSE_MS = 400;
const PAIRS = 3;

interface Group {
  readonly chatId: string;
  readonly members: number;
  readonly sender: LiveSocket;
  readonly receivers: readonly LiveSocket[];
}

interface Run {
  /** From a send until the first and the last of those who are connected have it. */
  readonly firstMs: number[];
  readonly lastMs: number[];
  /** Of the deliveries of one message. */
  readonly records: number;
  readonly bytes: number;
  readonly cpuMs: { readonly deliveries: number; readonly gateways: number };
}

/** What a message costs on its way to a group as large as can be, beside one to a group of two. */
export async function benchBigGroup(): Promise<Verdict[]> {
  const cluster = await openBenchCluster();
  try {
    const people = await inTurns(Array.from({ length: CONNECTED }), (_, n) => cluster.user(`member_${n}`));
    const userIds = people.map(({ userId }) => userId);
    const others = Array.from({ length: GROUP_MAX_MEMBERS - CONNECTED }, () => ids.ulid());
    const chats = {
      big: await startGroup(cluster, [...userIds, ...others]),
      small: await startGroup(cluster, userIds.slice(0, 2)),
    };
    const roles = ['gateway,http', 'gateway,http', 'relay', 'deliveries', 'projector'];
    const processes = await Promise.all(roles.map((each) => cluster.launch(each)));
    const sockets = await inTurns(people, ({ token }) => listen(processes.slice(0, 2), token));
    const [sender] = sockets as [LiveSocket];
    const big: Group = { chatId: chats.big, members: GROUP_MAX_MEMBERS, sender, receivers: sockets };
    const small: Group = { chatId: chats.small, members: 2, sender, receivers: sockets.slice(0, 2) };
    const measure = await openMeter(cluster, processes);
    for (const group of [small, big]) await measure(group); // whatever is done once
    const runs = { small: [] as Run[], big: [] as Run[] };
    for (let pair = 0; pair < PAIRS; pair++) {
      runs.small.push(await measure(small));
      runs.big.push(await measure(big));
    }
    return [verdictOf(runs)];
  } finally {
    await cluster.close();
  }
}

async function startGroup({ store }: BenchCluster, userIds: readonly string[]): Promise<string> {
  const chatId = ids.ulid();
  const members = userIds.map((userId, n) => ({ userId, role: n === 0 ? 'admin' : 'member' }));
  const data = { kind: 'group', title: plain('bench'), members, historyVisibility: 'all', pastContent: 'then' };
  const metadata = { v: 1, actor: userIds[0], at: Date.now(), commandId: chatId, correlationId: chatId };
  const event = { eventId: randomUUID(), type: 'ChatStarted' };
  const started = { ...event, data: JSON.stringify(data), metadata: JSON.stringify(metadata) };
  await store.append(chatStream(chatId), NO_STREAM, [started]);
  return chatId;
}

/** At the gateway that has the user's slot, whichever that is. */
async function listen(gateways: readonly ServerProcess[], token: string): Promise<LiveSocket> {
  for (let n = 0; ; n++) {
    const gateway = gateways[n % gateways.length];
    const socket = await openLive(gateway?.gateway ?? '', token);
    const heard = await socket.until(({ ev }) => ev === 'welcome' || ev === 'moved').catch(() => null);
    if (heard?.['ev'] === 'welcome') {
      const synced = await socket.request('sync', { since: heard['position'] }).catch(() => null);
      if (synced?.['ok'] === true) return socket;
    }
    socket.cut();
    await pause(100);
  }
}

async function openMeter(
  { kafka, topics }: BenchCluster,
  processes: readonly ServerProcess[],
): Promise<(group: Group) => Promise<Run>> {
  const [one, two, , deliveries] = processes;
  const cpu = () => ({
    deliveries: cpuSeconds(deliveries?.pid ?? 0),
    gateways: cpuSeconds(one?.pid ?? 0) + cpuSeconds(two?.pid ?? 0),
  });
  const carried = { records: 0, bytes: 0 };
  const tail = createRecordTail(kafka, { topic: topics.deliveries, groupPrefix: `${topics.deliveries}.meter` });
  void tail.run((_, messages) => {
    for (const message of messages) {
      if (message.headers?.['id'] === undefined) continue; // a watermark, of which there are as many without any event
      carried.records++;
      carried.bytes += bytesOf(message);
    }
  });
  await tail.follow(Array.from({ length: SLOTS }, (_, slot) => slot));
  const spent = async (work: () => Promise<void>): Promise<ReturnType<typeof cpu> & { ms: number }> => {
    const [before, began] = [cpu(), performance.now()];
    await work();
    const after = cpu();
    const ms = performance.now() - began;
    return { deliveries: after.deliveries - before.deliveries, gateways: after.gateways - before.gateways, ms };
  };
  return async (group) => {
    const firstMs: number[] = [];
    const lastMs: number[] = [];
    const quiet = await spent(() => pause(SENDS * PAUSE_MS));
    Object.assign(carried, { records: 0, bytes: 0 });
    const busy = await spent(async () => {
      for (let n = 0; n < SENDS; n++) {
        const times = await sendToAll(group);
        firstMs.push(Math.min(...times));
        lastMs.push(Math.max(...times));
        await pause(Math.max(0, PAUSE_MS - Math.max(...times)));
      }
    });
    await pause(PAUSE_MS); // the meter reads behind the gateways
    const each = (name: 'deliveries' | 'gateways'): number =>
      ((busy[name] - (quiet[name] * busy.ms) / quiet.ms) / SENDS) * 1_000;
    return {
      firstMs,
      lastMs,
      records: carried.records / SENDS,
      bytes: carried.bytes / SENDS,
      cpuMs: { deliveries: each('deliveries'), gateways: each('gateways') },
    };
  };
}

function bytesOf({ key, value, headers = {} }: KafkaMessage): number {
  const named = Object.entries(headers).map(([name, text]) => name.length + String(text).length);
  return named.reduce((sum, bytes) => sum + bytes, (key?.length ?? 0) + (value?.length ?? 0));
}

/** Milliseconds until each of those who are connected had it. */
async function sendToAll({ chatId, sender, receivers }: Group): Promise<number[]> {
  const messageId = ids.ulid();
  const began = now();
  const arrivals = receivers.map(async (socket) => (await socket.arrival(messageId)) - began);
  const answer = await sender.request('send', { chatId, messageId, text: MESSAGE_TEXT });
  if (answer['ok'] !== true) throw new Error(JSON.stringify(answer));
  return Promise.all(arrivals);
}

function verdictOf(runs: { small: readonly Run[]; big: readonly Run[] }): Verdict {
  const of = (all: readonly Run[]) => {
    const middle = (field: (run: Run) => number): number => Math.round(median(all.map(field)) * 100) / 100;
    return {
      recordsPerMessage: middle(({ records }) => records),
      bytesPerMessage: middle(({ bytes }) => bytes),
      firstMs: { p50: middle((run) => percentile(run.firstMs, 50)), p99: middle((run) => percentile(run.firstMs, 99)) },
      lastMs: { p50: middle((run) => percentile(run.lastMs, 50)), p99: middle((run) => percentile(run.lastMs, 99)) },
      deliveriesCpuMs: middle(({ cpuMs }) => cpuMs.deliveries),
      gatewaysCpuMs: middle(({ cpuMs }) => cpuMs.gateways),
    };
  };
  const [two, all] = [of(runs.small), of(runs.big)];
  return {
    bench: 'cluster-big-group',
    what: `records for one message to ${GROUP_MAX_MEMBERS} members ÷ recipient slots; ${CONNECTED} of them connected to two gateways`,
    ratio: all.recordsPerMessage / SLOTS,
    target: { is: 'at most', value: 1 },
    details: { groupOf2: two, [`groupOf${GROUP_MAX_MEMBERS}`]: all },
  };
}
