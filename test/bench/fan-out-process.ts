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
  cpuSeconds: number;
  mainThreadCpuSeconds: number;
}

const WARM_UP_SECONDS = 1;
const TICK_MS = 4;
/** A server that takes at most this much processor time between two looks, so many times, is idle. */
const QUIET_CPU_SECONDS = 0.02;
const QUIET_LOOKS = 3;
const LOOK_MS = 250;

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

/** Sends at the plan's rate for so long. */
function sendFor(seconds: number): Promise<void> {
  const started = performance.now();
  let done = 0;
  return new Promise((resolve) => {
    const pace = setInterval(() => {
      const elapsed = Math.min(seconds, (performance.now() - started) / 1_000);
      for (; done < elapsed * plan.sendsPerSecond; done++) send();
      if (elapsed < seconds) return;
      clearInterval(pace);
      resolve();
    }, TICK_MS);
  });
}

function send(): void {
  const room = sends++ % plan.rooms.length;
  const { chatId } = plan.rooms[room] as BenchRoom;
  const ids = `"id":${sends},"op":"send","chatId":"${chatId}","messageId":"${makeId()}"`;
  senders[room]?.write(frameOf(`{${ids},"text":"${plan.text}"}`));
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Resolves when the server has nothing left to do: what it put off must be counted, and counted where it belongs. */
async function quiet(): Promise<void> {
  for (let looks = 0, before = cpuSeconds(plan.pid); looks < QUIET_LOOKS; ) {
    await pause(LOOK_MS);
    const now = cpuSeconds(plan.pid);
    looks = now - before <= QUIET_CPU_SECONDS ? looks + 1 : 0;
    before = now;
  }
}

const reading = (): FanOutRun => ({
  sends,
  frames,
  bytesPerFrame: frameBytes,
  cpuSeconds: cpuSeconds(plan.pid),
  mainThreadCpuSeconds: mainThreadCpuSeconds(plan.pid),
});

await sendFor(WARM_UP_SECONDS);
await quiet();
const before = reading();
await sendFor(plan.seconds);
await quiet();
const after = reading();
const run = Object.fromEntries(
  Object.entries(after).map(([name, value]) => [name, value - before[name as keyof FanOutRun]]),
) as unknown as FanOutRun;
process.stdout.write(`${JSON.stringify({ ...run, bytesPerFrame: run.bytesPerFrame / Math.max(1, run.frames) })}\n`);
process.exit(0);
