import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openDatabase } from '../../infra/sqlite/database.ts';
import { openEventLog } from '../../infra/sqlite/event-store/index.ts';
import { jobDone } from '../projections/jobs.ts';
import { startRunner } from '../support/views.ts';
import { writeBigLog } from './big-log.ts';

/** Rebuild of all views against a raw scan of the log, in alternating pairs of one run. */
export interface RebuildBench {
  events: number;
  scanPerSecond: number;
  rebuildPerSecond: number;
  /** The median of the pairs' ratios of speed. */
  ratio: number;
  ratios: number[];
  /** The same by processor time, which other programs disturb less. */
  cpuRatio: number;
  cpuPerEventUs: { scan: number; rebuild: number };
  /** Against `SELECT *` as it stands: slower, since the ids then come as objects. */
  ratioOfSelectAll: number;
  /** Of a rebuild beside views that are there, until it has been graded and switched to: the log is folded twice. */
  gradedRatio: number;
  gradedPerSecond: number;
}

interface Cost {
  seconds: number;
  cpuSeconds: number;
}

export async function benchRebuild(of: { file: string; pairs: number; folder: string }): Promise<RebuildBench> {
  const scans: Cost[] = [];
  const wholeRows: Cost[] = [];
  const rebuilds: Cost[] = [];
  const graded: Cost[] = [];
  let events = 0;
  for (let pair = 0; pair < of.pairs; pair++) {
    scans.push(await measured(async () => (events = await rawScan(of.file, READ_COLUMNS))));
    wholeRows.push(await measured(() => rawScan(of.file, '*')));
    const built = await openBuilt(of.file, join(of.folder, String(pair)));
    rebuilds.push(built.cost);
    graded.push(await measured(built.rebuild));
    await built.close();
  }
  const ratioOf = (field: keyof Cost, of = scans) =>
    of.map((scan, pair) => scan[field] / (rebuilds[pair]?.[field] ?? Number.NaN));
  const mid = (costs: readonly Cost[], field: keyof Cost) => median(costs.map((cost) => cost[field]));
  return {
    events,
    scanPerSecond: Math.round(events / mid(scans, 'seconds')),
    rebuildPerSecond: Math.round(events / mid(rebuilds, 'seconds')),
    gradedPerSecond: Math.round(events / mid(graded, 'seconds')),
    gradedRatio: median(scans.map((scan, pair) => scan.seconds / (graded[pair]?.seconds ?? Number.NaN))),
    ratio: median(ratioOf('seconds')),
    ratios: ratioOf('seconds'),
    ratioOfSelectAll: median(ratioOf('seconds', wholeRows)),
    cpuRatio: median(ratioOf('cpuSeconds')),
    cpuPerEventUs: {
      scan: (mid(scans, 'cpuSeconds') / events) * 1e6,
      rebuild: (mid(rebuilds, 'cpuSeconds') / events) * 1e6,
    },
  };
}

async function measured(work: () => Promise<unknown>): Promise<Cost> {
  const start = performance.now();
  const cpu = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { seconds: (performance.now() - start) / 1_000, cpuSeconds: (user + system) / 1e6 };
}

/** As the log's reader asks for them. */
export const READ_COLUMNS = 'position, stream, revision, hex(event_id), type, recorded_at, data, metadata';

/** Every column of every event as SQLite gives it, nothing parsed. */
export async function rawScan(file: string, columns: string): Promise<number> {
  const db = await openDatabase({ file, synchronous: 'full', readOnly: true });
  const page = db.prepare<[number]>(`SELECT ${columns} FROM events WHERE position > ? ORDER BY position LIMIT 10000`, {
    arrays: true,
  });
  let events = 0;
  for (let after = 0; ; ) {
    const rows = page.all(after);
    const last = rows.at(-1);
    if (!last) break;
    after = last[0];
    events += rows.length;
  }
  db.close();
  return events;
}

/** Views built from nothing, what that has cost, and how they are rebuilt beside themselves. */
async function openBuilt(file: string, folder: string) {
  mkdirSync(folder, { recursive: true });
  const log = await openEventLog({ file });
  const began = { at: performance.now(), cpu: process.cpuUsage() };
  const running = await startRunner({ log, folder });
  await running.caughtUp();
  const { user, system } = process.cpuUsage(began.cpu);
  const cost: Cost = { seconds: (performance.now() - began.at) / 1_000, cpuSeconds: (user + system) / 1e6 };
  return {
    cost,
    async rebuild() {
      const { admin } = running.runner;
      const { state, error } = await jobDone(admin, await admin.rebuild('all', { share: 1 }));
      if (state !== 'done') throw new Error(`the rebuild is ${state}: ${error}`);
    },
    async close() {
      await running.close();
      await log.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [events = '300000', pairs = '5', kept] = process.argv.slice(2);
  const folder = mkdtempSync(join(tmpdir(), 'hindsight-bench-'));
  const file = kept ?? join(folder, 'events.db');
  if (!existsSync(file)) await writeBigLog({ file, events: Number(events), chats: 300, usersPerChat: 20, seed: 7 });
  console.log(await benchRebuild({ file, pairs: Number(pairs), folder }));
  rmSync(folder, { recursive: true, force: true });
}
