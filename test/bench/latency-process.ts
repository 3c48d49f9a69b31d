import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { inTurns, openSignedIn } from './client-sockets.ts';
import { beginsWith, frameOf, openSocket } from './frames.ts';
import { createMessageIds } from './message-ids.ts';
import { percentile } from './pairs.ts';
import type { BenchRoom } from './seed-rooms.ts';

/**
 * Sends at a steady rate, whatever comes back, and takes the time from each send to its delivery; both clocks are this
 * process's. In the product a room's first member sends and the second one receives; at the raw server each socket gets
 * its own frame back. A room's frames come in the order in which they were sent, so counting tells which is which.
 *
 * Usage: node latency-process.js PLAN.json. Prints `LatencyRun` as one JSON line.
 */
export interface LatencyPlan {
  url: string;
  echo: boolean;
  rooms: BenchRoom[];
  perSecond: number;
  seconds: number;
  text: string;
}

export interface LatencyRun {
  sent: number;
  delivered: number;
  p50: number;
  p99: number;
  /** By how much the sending itself was late: a generator that does not keep up says nothing of the server. */
  lateP99: number;
}

const WARM_UP_MS = 1_500;
const LAST_FRAMES_MS = 1_000;
const TICK_MS = 1;

const plan = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as LatencyPlan;
const latencies: number[] = [];
const lateness: number[] = [];
const sentAt: number[][] = plan.rooms.map(() => []);
const heads: number[] = plan.rooms.map(() => 0);
let sent = 0;
let measuring = false;

function delivered(room: number): void {
  const times = sentAt[room] as number[];
  const at = times[heads[room] as number];
  if (at === undefined) throw new Error('more was delivered than was sent');
  heads[room] = (heads[room] as number) + 1;
  if (at > 0) latencies.push(performance.now() - at);
}

async function openRoom({ tokens }: BenchRoom, room: number): Promise<Socket> {
  if (plan.echo) return openSocket({ url: `${plan.url}/echo`, onPayload: () => delivered(room) });
  const [sender = '', receiver = ''] = tokens;
  await openSignedIn({
    url: plan.url,
    token: receiver,
    sync: true,
    onPayload: (bytes, start) => {
      if (beginsWith(bytes, start, 'ev')) delivered(room);
    },
  });
  return openSignedIn({ url: plan.url, token: sender, sync: false, onPayload: () => undefined });
}

const senders = await inTurns(plan.rooms, openRoom);
const makeId = createMessageIds();
const started = performance.now();
let due = 0;
const pace = setInterval(() => {
  const now = performance.now();
  const late = now - started - (due / plan.perSecond) * 1_000;
  if (measuring && late > 0) lateness.push(late);
  for (const all = ((now - started) / 1_000) * plan.perSecond; due < all; due++) {
    const room = due % plan.rooms.length;
    const { chatId } = plan.rooms[room] as BenchRoom;
    const frame = frameOf(
      `{"id":${due + 1},"op":"send","chatId":"${chatId}","messageId":"${makeId()}","text":"${plan.text}"}`,
    );
    // 0: sent while nobody measures.
    sentAt[room]?.push(measuring ? performance.now() : 0);
    if (measuring) sent++;
    senders[room]?.write(frame);
  }
}, TICK_MS);

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
await pause(WARM_UP_MS);
measuring = true;
await pause(plan.seconds * 1_000);
measuring = false;
clearInterval(pace);
await pause(LAST_FRAMES_MS);
const run: LatencyRun = {
  sent,
  delivered: latencies.length,
  p50: percentile(latencies, 50),
  p99: percentile(latencies, 99),
  lateP99: percentile(lateness, 99),
};
process.stdout.write(`${JSON.stringify(run)}\n`);
process.exit(0);
