import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startServerProcess, temporaryFolder } from '../support/server-process.ts';
import { runChild } from './child.ts';
import type { IdlePlan, IdleRun } from './idle-process.ts';
import { median, pairs, type Verdict } from './pairs.ts';
import { startRawServer } from './raw-server.ts';
import { type BenchRoom, seedRooms } from './seed-rooms.ts';

const PAIRS = 3;
const MEMBERS = 10;
const ROOMS = 500;
/** Sockets that are open before it is measured what more of them take. */
const FIRST = 1_000;
const GOAL = 2;
/** The raw server publishes nothing here. */
const ANY_BYTES = 1;
const COLLECTING = { NODE_OPTIONS: `--import=${new URL('./collect-on-signal-process.js', import.meta.url).href}` };

/**
 * Memory per idle socket, signed in, synced and in one chat, against a socket of raw uWS with one topic. It is the slope
 * between a thousand sockets and five thousand, each time in a fresh process and with garbage collected on both sides:
 * what the process takes without sockets, and what opening them left behind, is no socket's.
 */
export async function benchMemory(): Promise<Verdict[]> {
  const folder = temporaryFolder();
  try {
    const rooms = await seedRooms({ folder, rooms: ROOMS, members: MEMBERS });
    const runs = { raw: [] as IdleRun[], product: [] as IdleRun[] };
    const probe = await startRawServer(ANY_BYTES);
    if ('unavailable' in probe) return [verdict(Number.NaN, { ...probe })];
    await probe.stop();
    const result = await pairs(
      PAIRS,
      async () => keep(runs.raw, await rawRun(folder, rooms)),
      async () => keep(runs.product, await productRun(folder, rooms)),
    );
    const bytes = (side: 'raw' | 'product'): number => Math.round(median(runs[side].map((run) => run.bytesPerSocket)));
    const details = {
      bytesPerSocket: { raw: bytes('raw'), product: bytes('product') },
      productMiB: { first: mebibytes(runs.product, 'firstBytes'), all: mebibytes(runs.product, 'allBytes') },
      sockets: ROOMS * MEMBERS - FIRST,
      ratios: result.ratios.map((ratio) => Math.round(ratio * 100) / 100),
    };
    return [verdict(result.ratio, details)];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function keep(runs: IdleRun[], run: IdleRun): number {
  runs.push(run);
  return run.bytesPerSocket;
}

const mebibytes = (runs: readonly IdleRun[], field: 'firstBytes' | 'allBytes'): number =>
  Math.round(median(runs.map((run) => run[field])) / 1_048_576);

async function rawRun(folder: string, rooms: BenchRoom[]): Promise<IdleRun> {
  const raw = await startRawServer(ANY_BYTES, COLLECTING);
  if ('unavailable' in raw) throw new Error(raw.unavailable);
  try {
    return await load(folder, { url: raw.url, raw: true, pid: raw.pid, rooms, first: FIRST });
  } finally {
    await raw.stop();
  }
}

async function productRun(folder: string, rooms: BenchRoom[]): Promise<IdleRun> {
  const data = temporaryFolder();
  cpSync(folder, data, { recursive: true });
  const server = await startServerProcess({ data, env: COLLECTING });
  try {
    return await load(folder, { url: server.gateway, raw: false, pid: server.pid, rooms, first: FIRST });
  } finally {
    await server.stop();
    rmSync(data, { recursive: true, force: true });
  }
}

function load(folder: string, plan: IdlePlan): Promise<IdleRun> {
  const file = join(folder, 'bench-plan.json');
  writeFileSync(file, JSON.stringify(plan));
  return runChild<IdleRun>('idle-process', [file]);
}

const verdict = (ratio: number, details: Record<string, unknown>): Verdict => ({
  bench: 'memory',
  what: 'memory per idle signed-in socket with one chat ÷ raw uWS with one topic',
  ratio,
  target: { is: 'at most', value: GOAL },
  details,
});
