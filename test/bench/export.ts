import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { exportInto } from '../../bin/export-into.ts';
import { openEventLog } from '../../infra/sqlite/event-store/index.ts';
import { temporaryFolder } from '../support/server-process.ts';
import { writeBigLog } from './big-log.ts';
import { median, pairs, type Verdict } from './pairs.ts';
import { READ_COLUMNS, rawScan } from './rebuild.ts';

const EVENTS = 300_000;
const CHATS = 300;
const USERS_PER_CHAT = 20;
const SEED = 7;
const PAIRS = 5;
const GOAL = 0.5;

interface Cost {
  perSecond: number;
  cpuUs: number;
}

/** Events of all chats as NDJSON into hashed files, against reading the log's rows and doing nothing with them. */
export async function benchExport(): Promise<Verdict[]> {
  const folder = temporaryFolder();
  try {
    const file = join(folder, 'events.db');
    await writeBigLog({ file, events: EVENTS, chats: CHATS, usersPerChat: USERS_PER_CHAT, seed: SEED });
    const costs: { scans: Cost[]; exports: Cost[] } = { scans: [], exports: [] };
    let run = 0;
    const { ratio, ratios } = await pairs(
      PAIRS,
      () => measured(costs.scans, () => rawScan(file, READ_COLUMNS)),
      () => measured(costs.exports, () => exportAll(file, join(folder, String(run++)))),
    );
    const cpuRatio = median(costs.scans.map(({ cpuUs }, i) => cpuUs / (costs.exports[i]?.cpuUs ?? Number.NaN)));
    const details = {
      scanPerSecond: median(costs.scans.map(({ perSecond }) => perSecond)),
      exportPerSecond: median(costs.exports.map(({ perSecond }) => perSecond)),
      cpuRatio,
      ratios,
      seed: SEED,
    };
    const what = 'events per second of an export to NDJSON ÷ a raw scan of the log';
    return [{ bench: 'export', what, ratio, target: { is: 'at least', value: GOAL }, details }];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measured(costs: Cost[], work: () => Promise<number>): Promise<number> {
  const start = performance.now();
  const cpu = process.cpuUsage();
  const events = await work();
  const { user, system } = process.cpuUsage(cpu);
  const perSecond = Math.round((events * 1_000) / (performance.now() - start));
  costs.push({ perSecond, cpuUs: (user + system) / events });
  return perSecond;
}

/** Counted are the events that were read: those of other streams are looked at too. */
async function exportAll(file: string, folder: string): Promise<number> {
  const log = await openEventLog({ file });
  const request = { format: 'ndjson', by: null, filter: {}, content: true, positions: true } as const;
  await exportInto({ log, folder, kind: 'events', request, filter: {} });
  const events = await log.head();
  await log.close();
  rmSync(folder, { recursive: true, force: true });
  return events;
}
