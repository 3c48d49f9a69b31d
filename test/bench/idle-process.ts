import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { inTurns, openSignedIn } from './client-sockets.ts';
import { frameOf, openSocket } from './frames.ts';
import { rssBytes } from './process-stats.ts';
import type { BenchRoom } from './seed-rooms.ts';

/**
 * Opens sockets that then do nothing but ping, and reads how much memory their server takes: once when some are open,
 * so that heaps and pools have their size, and once when all are. Prints `IdleRun` as one JSON line.
 *
 * Usage: node idle-process.js PLAN.json
 */
export interface IdlePlan {
  url: string;
  raw: boolean;
  pid: number;
  rooms: BenchRoom[];
  /** How many sockets are open at the first reading. */
  first: number;
}

export interface IdleRun {
  firstBytes: number;
  allBytes: number;
  bytesPerSocket: number;
}

const PING_MS = 15_000;
const LOOK_MS = 500;
/** Memory is steady when it has stayed for so many looks within so much. */
const STEADY_LOOKS = 5;
const STEADY_BYTES = 262_144;
const LOOKS_MAX = 30;

const plan = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as IdlePlan;
const sockets: Socket[] = [];
const ping = frameOf('{"id":1,"op":"ping"}');
const nothing = (): void => undefined;

async function open({ token, room }: { token: string; room: number }): Promise<void> {
  const { url } = plan;
  sockets.push(
    plan.raw
      ? await openSocket({ url: `${url}/room/${room}`, onPayload: nothing })
      : await openSignedIn({ url, token, sync: true, onPayload: nothing }),
  );
}

async function steadyRss(): Promise<number> {
  const readings: number[] = [];
  for (let look = 0; look < LOOKS_MAX; look++) {
    process.kill(plan.pid, 'SIGUSR2'); // collects its garbage
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    readings.push(rssBytes(plan.pid));
    const last = readings.slice(-STEADY_LOOKS);
    if (last.length === STEADY_LOOKS && Math.max(...last) - Math.min(...last) <= STEADY_BYTES) break;
  }
  return readings.at(-1) ?? Number.NaN;
}

if (!plan.raw) setInterval(() => sockets.forEach((socket) => socket.write(ping)), PING_MS);
const all = plan.rooms.flatMap(({ tokens }, room) => tokens.map((token) => ({ token, room })));
await inTurns(all.slice(0, plan.first), open);
const firstBytes = await steadyRss();
await inTurns(all.slice(plan.first), open);
const allBytes = await steadyRss();
const run: IdleRun = { firstBytes, allBytes, bytesPerSocket: (allBytes - firstBytes) / (all.length - plan.first) };
process.stdout.write(`${JSON.stringify(run)}\n`);
process.exit(0);
