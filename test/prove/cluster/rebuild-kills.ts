import { setTimeout as pause } from 'node:timers/promises';
import { down, up } from '../../../bin/dev-servers/index.ts';
import { deliveredMs, type Room, sendSteadily } from '../../bench/cluster/latency.ts';
import { openLive } from '../../bench/cluster/live-socket.ts';
import { pairs, percentile } from '../../bench/pairs.ts';
import { hindsightJson } from '../../support/cli.ts';
import { ircLogs } from '../../support/irc-logs.ts';
import {
  hasEnded,
  jobUntil,
  type OperatedCluster,
  operate,
  startTalk,
  type Talk,
} from '../../support/rebuilding-cluster.ts';
import { type Seeded, seeded } from '../../support/seeded.ts';
import { temporaryFolder } from '../../support/server-process.ts';
import { ensure, type Part, scaled } from '../part.ts';
import { bigLog, named } from '../rebuild-kills.ts';
import { patiently } from './patiently.ts';
import { type RoleProcess, startRole, WHOLE_CLUSTER } from './role-process.ts';
import { playScene, SERVER_ENV } from './scene.ts';

const KILLS = 50;
const EVENTS = 1_000_000;
/** Beside what is imported. */
const CHANGES = 1_000;
const HEAT = 100;
const COMINGS = 100;
const MESSAGES = 600;
const CHATS = 12;
const SENDS_PER_S = 10;
const CALM_MIN_MS = 200;
const ENDS_WITHIN_MS = 3_600_000;
const LATENCY_PAIRS = 3;
const LATENCY_SECONDS = 10;
const LOOK_EVERY_MS = 500;
/** A rebuild is paused by any of the views that it builds. */
const ONE = 'chat-history';

export const clusterRebuildKillsPart: Part = {
  name: 'cluster-rebuild-kills',
  what: 'views of a cluster that holds all real logs, or a generated one, rebuilt under load, first timed, then while its processes are killed at random: each rebuild ends, graded without a difference',
  onlyNamed: true,
  async run({ share, seed, say, only = ['real', 'generated'] }) {
    const facts: Record<string, number | string> = {};
    const kills = scaled(KILLS, share);
    for (const world of [realLogs(share), generatedLog(share)]) {
      if (only.includes(world.log)) Object.assign(facts, named(world.log, await prove(world, { seed, say, kills })));
    }
    return facts;
  },
};

interface World {
  readonly log: 'real' | 'generated';
  fill(data: string, of: { seed: number; say(text: string): void }): Promise<unknown>;
  /** Kills of one rebuild; then it is left to end. */
  readonly killsOfOne: number;
  /** The longest time between two. */
  readonly calmMs: number;
}

const realLogs = (share: number): World => ({
  log: 'real',
  fill(data, { seed, say }) {
    const { days } = ircLogs();
    const files = days.slice(0, scaled(days.length, share)).map(({ path }) => path);
    return playScene({ data, random: seeded(seed), files, changes: CHANGES, heat: HEAT, comings: COMINGS, say });
  },
  killsOfOne: 10,
  calmMs: 15_000,
});

/** Its rebuild takes so long that it can outlive them all. */
const generatedLog = (share: number): World => ({
  log: 'generated',
  fill: (data, { seed }) => bigLog(scaled(EVENTS, share), seed)(data),
  killsOfOne: KILLS,
  calmMs: 30_000,
});

async function prove(
  world: World,
  { seed, say, kills }: { seed: number; say(text: string): void; kills: number },
): Promise<Record<string, number | string>> {
  const random = seeded(seed);
  const [folder, data] = [temporaryFolder(), temporaryFolder()];
  const processes: RoleProcess[] = [];
  const quiet = (): void => undefined;
  let cluster: OperatedCluster | null = null;
  try {
    await world.fill(data, { seed, say });
    const servers = await up({ folder, say: quiet });
    const env: Record<string, string> = Object.assign({}, ...servers.map((server) => server.env));
    const settings = { ...env, HINDSIGHT_PARTITIONS: '4', HINDSIGHT_SLOTS: '8', HINDSIGHT_RATE_LIMITS: 'off' };
    for (const role of WHOLE_CLUSTER) {
      processes.push(await startRole(role, { env: { ...settings, ...SERVER_ENV }, say }));
    }
    const { copied } = await hindsightJson<{ copied: number }>(['migrate'], { data, env: settings });
    cluster = await operate(settings, { drives: false });
    await level(cluster);
    say(`${copied} events are in the views of a cluster of ${processes.length} processes`);
    const http = (): string => processes[0]?.server().http ?? '';
    const talk = await startTalk(http, { random, chats: CHATS, messages: MESSAGES });
    const live = await timeLive(cluster, { talk, gateway: processes[0]?.server().gateway ?? '' });
    say(JSON.stringify(live));
    const load = talk.keepOn(SENDS_PER_S);
    const byPhase: Record<string, number> = {};
    const facts = await rebuildAndKill(cluster, { world, processes, random, say, kills, byPhase });
    await load.stop();
    const verified = await cluster.admin.verify('all');
    ensure(verified.ok, 'the verify was refused');
    const { result } = await jobUntil(cluster.admin, verified.value.jobId, hasEnded, ENDS_WITHIN_MS);
    ensure(result?.differencesFound === 0, `the live views differ from the log: ${JSON.stringify(result)}`);
    const phases = Object.entries(byPhase).map(([phase, count]) => `${phase} ${count}`);
    const killed = { ...facts, 'kills by phase': phases.join(', ') };
    return { events: copied, ...live, ...killed, sent: talk.sent(), rows: result.rows, differences: 0 };
  } finally {
    await cluster?.close();
    await Promise.all(processes.map((process) => process.stop()));
    await down({ folder, say: quiet });
  }
}

async function level({ admin }: OperatedCluster): Promise<void> {
  for (const until = performance.now() + ENDS_WITHIN_MS; ; ) {
    const lag = (await patiently(() => admin.list())).reduce((sum, { lagEvents }) => sum + lagEvents, 0);
    if (lag === 0) return;
    ensure(performance.now() < until, `the views are ${lag} events behind`);
    await pause(LOOK_EVERY_MS);
  }
}

/** Milliseconds from a send to its push, while a rebuild goes on as operators begin it, and while it is paused, by turns. */
async function timeLive(
  { admin }: OperatedCluster,
  { talk, gateway }: { talk: Talk; gateway: string },
): Promise<Record<string, number>> {
  const [from, to] = talk.users;
  if (!from || !to) throw new Error('nobody talks');
  const [sender, receiver] = [await openLive(gateway, from.accessToken), await openLive(gateway, to.accessToken)];
  const welcome = await receiver.until(({ ev }) => ev === 'welcome');
  await receiver.request('sync', { since: welcome['position'] });
  const rooms = talk.chats.map((chatId): Room => ({ chatId, token: from.accessToken, sender, receiver }));
  const p99 = async (): Promise<number> =>
    percentile(deliveredMs(await sendSteadily({ rooms, http: null, seconds: LATENCY_SECONDS })), 99);
  const begun = await admin.rebuild('all');
  ensure(begun.ok, `the rebuild was refused: ${JSON.stringify(begun)}`);
  const timed = await pairs(
    LATENCY_PAIRS,
    async () => {
      ensure((await admin.pause(ONE)).ok, 'the rebuild cannot be paused');
      return p99();
    },
    async () => {
      ensure((await admin.resume(ONE)).ok, 'the rebuild cannot be resumed');
      const measured = await p99();
      const job = await admin.job(begun.value.jobId);
      ensure(job?.state === 'running', `the rebuild was over before the sends were: ${JSON.stringify(job)}`);
      return measured;
    },
  );
  ensure((await admin.cancel('all')).ok, 'the rebuild cannot be cancelled');
  for (const socket of [sender, receiver]) socket.close();
  const rounded = (value: number): number => Math.round(value * 100) / 100;
  return {
    'p99 without, ms': rounded(percentile(timed.baseline, 50)),
    'p99 beside, ms': rounded(percentile(timed.product, 50)),
    'p99 beside ÷ without': rounded(timed.ratio),
  };
}

interface Killing {
  readonly world: World;
  readonly processes: readonly RoleProcess[];
  readonly random: Seeded;
  readonly kills: number;
  readonly byPhase: Record<string, number>;
  say(text: string): void;
}

async function rebuildAndKill({ admin }: OperatedCluster, of: Killing): Promise<{ kills: number; rebuilds: number }> {
  const { world, processes, random, say, byPhase } = of;
  let [kills, rebuilds] = [0, 0];
  while (kills < of.kills) {
    const begun = await admin.rebuild('all');
    ensure(begun.ok, `the rebuild was refused: ${JSON.stringify(begun)}`);
    const { jobId } = begun.value;
    for (let n = 0; n < world.killsOfOne && kills < of.kills; n++) {
      await pause(CALM_MIN_MS + random.below(world.calmMs));
      const job = await patiently(() => admin.job(jobId));
      if (!job || hasEnded(job)) break;
      const victim = random.pick(processes);
      say(`kills a ${victim.role} in phase ${job.phase}`);
      byPhase[job.phase ?? 'none'] = (byPhase[job.phase ?? 'none'] ?? 0) + 1;
      await victim.killAndReplace();
      await victim.whole();
      kills += 1;
    }
    const ended = await patiently(() => jobUntil(admin, jobId, hasEnded, ENDS_WITHIN_MS));
    ensure(ended.state === 'done' && ended.result?.differencesFound === 0, `a rebuild: ${JSON.stringify(ended)}`);
    rebuilds += 1;
    say(`rebuild ${rebuilds} has ended after ${kills} kills in all`);
  }
  return { kills, rebuilds };
}
