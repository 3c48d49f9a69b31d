import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hindsightJson } from '../support/cli.ts';
import { startServerProcess, temporaryFolder } from '../support/server-process.ts';
import { writeBigLog } from './big-log.ts';
import { runChild } from './child.ts';
import type { LatencyPlan, LatencyRun } from './latency-process.ts';
import { MESSAGE_TEXT } from './message-text.ts';
import { median, pairs, type Verdict } from './pairs.ts';
import { seedRooms } from './seed-rooms.ts';

const EVENTS = 300_000;
const CHATS = 300;
const USERS_PER_CHAT = 20;
const SEED = 7;
const PAIRS = 3;
const SECONDS = 4;
const ROOMS = 16;
/** Who sends, and who receives. */
const MEMBERS = 2;
const PER_SECOND = 300;
const GOAL = 2;

/** From a send to its delivery while all views are rebuilt, against the same without. */
export async function benchRebuildLive(): Promise<Verdict> {
  const data = temporaryFolder();
  await writeBigLog({
    file: join(data, 'events.db'),
    events: EVENTS,
    chats: CHATS,
    usersPerChat: USERS_PER_CHAT,
    seed: SEED,
  });
  const rooms = await seedRooms({ folder: data, rooms: ROOMS, members: MEMBERS });
  const server = await startServerProcess({ data });
  const runs: Record<'alone' | 'beside', LatencyRun[]> = { alone: [], beside: [] };
  const load = async (into: LatencyRun[]): Promise<number> => {
    const plan: LatencyPlan = {
      url: server.gateway,
      echo: false,
      rooms,
      perSecond: PER_SECOND,
      seconds: SECONDS,
      text: MESSAGE_TEXT,
    };
    const file = join(data, 'plan.json');
    writeFileSync(file, JSON.stringify(plan));
    const run = await runChild<LatencyRun>('latency-process', [file]);
    into.push(run);
    return run.p99;
  };
  try {
    const { ratio, ratios } = await pairs(
      PAIRS,
      () => load(runs.alone),
      async () => {
        await hindsightJson(['projections', 'rebuild', 'all', '--detach'], { data });
        const p99 = await load(runs.beside);
        const { jobs } = await hindsightJson<{ jobs: unknown[] }>(['projections', 'cancel', 'all'], { data });
        if (jobs.length === 0) throw new Error('the rebuild was over before the sends were');
        return p99;
      },
    );
    const of = (from: readonly LatencyRun[], field: 'p50' | 'p99') =>
      Number(median(from.map((run) => run[field])).toFixed(2));
    return {
      bench: 'rebuild',
      what: 'send to delivered p99 while all views are rebuilt ÷ without',
      ratio,
      target: { is: 'at most', value: GOAL },
      details: {
        perSecond: PER_SECOND,
        aloneMs: { p50: of(runs.alone, 'p50'), p99: of(runs.alone, 'p99') },
        besideMs: { p50: of(runs.beside, 'p50'), p99: of(runs.beside, 'p99') },
        ratios: ratios.map((each) => Number(each.toFixed(2))),
      },
    };
  } finally {
    await server.stop();
    rmSync(data, { recursive: true, force: true });
  }
}
