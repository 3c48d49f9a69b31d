import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/server-process.ts';
import { runChild } from './child.ts';
import type { LatencyPlan, LatencyRun } from './latency-process.ts';
import { MESSAGE_TEXT } from './message-text.ts';
import { median, pairs, type Verdict } from './pairs.ts';
import { type RawServer, startRawServer } from './raw-server.ts';
import { type BenchRoom, seedRooms } from './seed-rooms.ts';
import { sendLoad } from './sends.ts';

const PAIRS = 5;
const SECONDS = 4;
const ROOMS = 16;
/** Who sends, and who receives. */
const MEMBERS = 2;
const FDATASYNC_SECONDS = 2;
const GOAL = 2.5;
/** What the echo's frame is made as long as: the frame that the product takes. */
const ANY_BYTES = 1;

/** From a send to its delivery at half load, against what cannot be had for less: a synced write and an echo. */
export async function benchLatency(): Promise<Verdict[]> {
  const folder = temporaryFolder();
  const rooms = await seedRooms({ folder, rooms: ROOMS, members: MEMBERS });
  const server = await startServerProcess({ data: folder });
  try {
    const raw = await startRawServer(ANY_BYTES);
    if ('unavailable' in raw) return [verdict(Number.NaN, { ...raw })];
    try {
      return [await measure({ folder, rooms, server, raw })];
    } finally {
      await raw.stop();
    }
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface World {
  folder: string;
  rooms: BenchRoom[];
  server: ServerProcess;
  raw: RawServer;
}

interface Floor {
  fdatasync: { p50: number; p99: number };
  echo: LatencyRun;
}

async function measure({ folder, rooms, server, raw }: World): Promise<Verdict> {
  const tokens = rooms.map((room) => room.tokens[0] as string);
  const chatIds = rooms.map(({ chatId }) => chatId);
  const full = await sendLoad({ url: server.gateway, tokens, chatIds, seconds: SECONDS });
  const plan = { rooms, perSecond: full.perSecond / 2, seconds: SECONDS, text: MESSAGE_TEXT };
  const floors: Floor[] = [];
  const runs: LatencyRun[] = [];
  const result = await pairs(
    PAIRS,
    async () => {
      const fdatasync = await runChild<Floor['fdatasync']>('fdatasync-process', [String(FDATASYNC_SECONDS)]);
      const echo = await load(folder, { ...plan, url: raw.url, echo: true });
      floors.push({ fdatasync, echo });
      return fdatasync.p99 + echo.p99;
    },
    async () => {
      const run = await load(folder, { ...plan, url: server.gateway, echo: false });
      runs.push(run);
      return run.p99;
    },
  );
  const of = <T>(from: readonly T[], field: (one: T) => number): number => round(median(from.map(field)));
  return verdict(result.ratio, {
    fullLoadPerSecond: Math.round(full.perSecond),
    halfLoadPerSecond: Math.round(plan.perSecond),
    deliveredMs: { p50: of(runs, ({ p50 }) => p50), p99: of(runs, ({ p99 }) => p99) },
    fdatasyncMs: { p50: of(floors, (floor) => floor.fdatasync.p50), p99: of(floors, (floor) => floor.fdatasync.p99) },
    echoMs: { p50: of(floors, ({ echo }) => echo.p50), p99: of(floors, ({ echo }) => echo.p99) },
    generatorLateP99Ms: { product: of(runs, (run) => run.lateP99), echo: of(floors, ({ echo }) => echo.lateP99) },
    delivered: of(runs, (run) => run.delivered / run.sent),
    ratios: result.ratios.map(round),
  });
}

const verdict = (ratio: number, details: Record<string, unknown>): Verdict => ({
  bench: 'latency',
  what: 'send to delivered p99 at half load ÷ (fdatasync p99 + echo p99 of raw uWS at the same rate)',
  ratio,
  target: { is: 'at most', value: GOAL },
  details,
});

function load(folder: string, plan: LatencyPlan): Promise<LatencyRun> {
  const file = join(folder, 'bench-plan.json');
  writeFileSync(file, JSON.stringify(plan));
  return runChild<LatencyRun>('latency-process', [file]);
}

const round = (value: number): number => Math.round(value * 100) / 100;
