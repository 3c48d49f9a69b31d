import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { inTurns, openSignedIn } from './client-sockets.ts';
import { beginsWith, frameOf, openSocket } from './frames.ts';
import { createMessageIds } from './message-ids.ts';
import { cpuSeconds, mainThreadCpuSeconds } from './process-stats.ts';
import type { BenchRoom } from './seed-rooms.ts';

/**
 * Senders and receivers of many rooms in a process of their own: one member of each room sends, paced and without
 * waiting for answers; frames are counted, not parsed. Prints `FanOutRun` as one JSON line.
 *
 * Usage: node fan-out-process.js PLAN.json
 */
export interface FanOutPlan {
  /** Of the gateway, or of the raw server. */
  url: string;
  raw: boolean;
  /** Of the server, to read its processor time. */
  pid: number;
  rooms: BenchRoom[];
  sendsPerSecond: number;
  seconds: number;
  text: string;
  /** False: the senders alone, who hear nothing but the answers. */
  receive: boolean;
}

export interface FanOutRun {
  sends: number;
  frames: number;
  bytesPerFrame: number;
  seconds: number;
  cpuSeconds: number;
  mainThreadCpuSeconds: number;
  loadCpuSeconds: number;
}

const WARM_UP_MS = 1_500;
const TICK_MS = 4;

const plan = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as FanOutPlan;
let frames = 0;
let frameBytes = 0;
let sends = 0;

const onPayload = (bytes: Buffer, start: number, end: number): void => {
  if (!beginsWith(bytes, start, 'ev')) return;
  frames++;
  frameBytes += end - start;
};

const open = (token: string, room: number): Promise<Socket> =>
  plan.raw
    ? openSocket({ url: `${plan.url}/${plan.receive ? 'room' : 'send'}/${room}`, onPayload })
    : openSignedIn({ url: plan.url, token, sync: plan.receive, onPayload });

/** The first member of each room sends. */
const senders = await inTurns(plan.rooms, ({ tokens }, room) => open(tokens[0] as string, room));
if (plan.receive) {
  const others = plan.rooms.flatMap(({ tokens }, room) => tokens.slice(1).map((token) => ({ token, room })));
  await inTurns(others, ({ token, room }) => open(token, room));
}

const makeId = createMessageIds();
const started = performance.now();
let due = 0;
const pace = setInterval(() => {
  for (const all = ((performance.now() - started) / 1_000) * plan.sendsPerSecond; due < all; due++) {
    const room = due % plan.rooms.length;
    const { chatId } = plan.rooms[room] as BenchRoom;
    sends++;
    senders[room]?.write(
      frameOf(`{"id":${due + 1},"op":"send","chatId":"${chatId}","messageId":"${makeId()}","text":"${plan.text}"}`),
    );
  }
}, TICK_MS);

const reading = (): FanOutRun => {
  const load = process.cpuUsage();
  return {
    sends,
    frames,
    bytesPerFrame: frameBytes,
    seconds: performance.now() / 1_000,
    cpuSeconds: cpuSeconds(plan.pid),
    mainThreadCpuSeconds: mainThreadCpuSeconds(plan.pid),
    loadCpuSeconds: (load.user + load.system) / 1e6,
  };
};
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

await pause(WARM_UP_MS);
const before = reading();
await pause(plan.seconds * 1_000);
const after = reading();
clearInterval(pace);
const run = Object.fromEntries(
  Object.entries(after).map(([name, value]) => [name, value - before[name as keyof FanOutRun]]),
) as unknown as FanOutRun;
process.stdout.write(`${JSON.stringify({ ...run, bytesPerFrame: run.bytesPerFrame / Math.max(1, run.frames) })}\n`);
process.exit(0);
