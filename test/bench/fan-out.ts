import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startServerProcess, temporaryFolder } from '../support/server-process.ts';
import { runChild } from './child.ts';
import type { FanOutPlan, FanOutRun } from './fan-out-process.ts';
import { MESSAGE_TEXT } from './message-text.ts';
import { median, pairs, type Verdict } from './pairs.ts';
import { startRawServer } from './raw-server.ts';
import { type BenchRoom, seedRooms } from './seed-rooms.ts';

const SOCKETS = 1_000;
/** About a third of what raw uWS can do on one core: neither side is saturated, and both are timed at the same rate. */
const FRAMES_PER_SECOND = 40_000;
const SECONDS = 4;
const PROBE_SECONDS = 1;
const PAIRS = 5;

/**
 * Delivered frames per second of processor time, ours against raw uWS. Both get the same sends over the same sockets at
 * the same rate and deliver frames of the same length to the same rooms; for both all threads of the process are
 * counted until nothing is left to do, and nothing is subtracted. So the product also pays here for what the baseline does not do: it checks,
 * decides, stores durably, answers and projects each send. That is dear where a room is small, because little is
 * delivered for it. What delivery alone costs is told apart in `details`: the same run with nobody listening, on both
 * sides, taken off. That second ratio is the one a gateway without the other roles in its process would show.
 */
export async function benchFanOut(): Promise<Verdict[]> {
  return [...(await roomsOf(100, 0.9)), ...(await roomsOf(10, 0.75))];
}

async function roomsOf(members: number, goal: number): Promise<Verdict[]> {
  const folder = temporaryFolder();
  const rooms = await seedRooms({ folder, rooms: SOCKETS / members, members });
  const server = await startServerProcess({ data: folder });
  const product = { url: server.gateway, raw: false, pid: server.pid, rooms };
  const verdict = verdictOf(members, goal);
  try {
    const { bytesPerFrame } = await load(folder, { ...product, seconds: PROBE_SECONDS });
    const raw = await startRawServer(Math.round(bytesPerFrame));
    if ('unavailable' in raw) return [verdict(Number.NaN, { ...raw })];
    try {
      return [
        await measure(
          { folder, members, product, raw: { ...product, raw: true, url: raw.url, pid: raw.pid } },
          verdict,
        ),
      ];
    } finally {
      await raw.stop();
    }
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

type Side = { url: string; raw: boolean; pid: number; rooms: BenchRoom[] };

async function measure(
  of: { folder: string; members: number; product: Side; raw: Side },
  verdict: (ratio: number, details: Record<string, unknown>) => Verdict,
): Promise<Verdict> {
  const runs = { raw: [] as FanOutRun[], product: [] as FanOutRun[] };
  const take = (side: 'raw' | 'product') => async (): Promise<number> => {
    const run = await load(of.folder, of[side]);
    runs[side].push(run);
    return run.frames / run.cpuSeconds;
  };
  const result = await pairs(PAIRS, take('raw'), take('product'));
  const silent = {
    raw: await load(of.folder, { ...of.raw, receive: false }),
    product: await load(of.folder, { ...of.product, receive: false }),
  };
  const perFrameUs = (side: 'raw' | 'product'): number =>
    median(runs[side].map((run) => (run.cpuSeconds / run.frames) * 1e6));
  const silentUs = (side: 'raw' | 'product'): number =>
    (silent[side].cpuSeconds / silent[side].sends / of.members) * 1e6;
  const delivery = { raw: perFrameUs('raw') - silentUs('raw'), product: perFrameUs('product') - silentUs('product') };
  return verdict(result.ratio, {
    framesPerCpuSecond: { raw: Math.round(median(result.baseline)), product: Math.round(median(result.product)) },
    cpuUsPerFrame: { raw: round(perFrameUs('raw')), product: round(perFrameUs('product')) },
    ofThatWithoutReceivers: { raw: round(silentUs('raw')), product: round(silentUs('product')) },
    deliveryAlone: round(delivery.raw / delivery.product),
    mainThreadAlone: round(
      median(runs.raw.map((run) => run.cpuSeconds / run.frames)) /
        median(runs.product.map((run) => run.mainThreadCpuSeconds / run.frames)),
    ),
    delivered: round(median(runs.product.map((run) => run.frames / (run.sends * of.members)))),
    sendsPerSecond: Math.round(FRAMES_PER_SECOND / of.members),
    ratios: result.ratios.map(round),
  });
}

const verdictOf =
  (members: number, goal: number) =>
  (ratio: number, details: Record<string, unknown>): Verdict => ({
    bench: `fan-out-${members}`,
    what: `delivered frames per CPU-second of the whole server ÷ raw uWS publish, rooms of ${members}`,
    ratio,
    target: { is: 'at least', value: goal },
    details,
  });

function load(folder: string, run: Side & Partial<FanOutPlan>): Promise<FanOutRun> {
  const members = run.rooms[0]?.tokens.length ?? 1;
  const sendsPerSecond = FRAMES_PER_SECOND / members;
  const plan: FanOutPlan = { sendsPerSecond, seconds: SECONDS, text: MESSAGE_TEXT, receive: true, ...run };
  // Thousands of tokens are more than a command line holds.
  const file = join(folder, 'bench-plan.json');
  writeFileSync(file, JSON.stringify(plan));
  return runChild<FanOutRun>('fan-out-process', [file]);
}

const round = (value: number): number => Math.round(value * 100) / 100;
