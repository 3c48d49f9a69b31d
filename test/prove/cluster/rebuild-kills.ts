import { setTimeout as pause } from 'node:timers/promises';
import { down, up } from '../../../bin/dev-servers/index.ts';
import { hasEnded, jobUntil, type OperatedCluster, operate, startTalk } from '../../support/rebuilding-cluster.ts';
import { type Seeded, seeded } from '../../support/seeded.ts';
import { temporaryFolder } from '../../support/server-process.ts';
import { ensure, type Part, scaled } from '../part.ts';
import { type RoleProcess, startRole } from './role-process.ts';

const KILLS = 50;
/** Of one rebuild; then it is left to end. */
const KILLS_OF_ONE = 5;
const MESSAGES = 600;
const CHATS = 12;
const SENDS_PER_S = 10;
/** Slow enough that some kills fall into each phase. */
const EVENTS_PER_SECOND = 80;
const CALM_MIN_MS = 200;
const CALM_MAX_MS = 5_000;
const ENDS_WITHIN_MS = 300_000;
const PROCESSES = ['gateway,http', 'relay', 'projector', 'projector', 'deliveries'] as const;

export const clusterRebuildKillsPart: Part = {
  name: 'cluster-rebuild-kills',
  what: 'views of a cluster rebuilt under load while its processes are killed at random: each rebuild ends, graded without a difference',
  onlyNamed: true,
  async run({ share, seed, say }) {
    const random = seeded(seed);
    const folder = temporaryFolder();
    const processes: RoleProcess[] = [];
    const quiet = (): void => undefined;
    let cluster: OperatedCluster | null = null;
    try {
      const servers = await up({ folder, say: quiet });
      const env: Record<string, string> = Object.assign({}, ...servers.map((server) => server.env));
      const settings = { ...env, HINDSIGHT_PARTITIONS: '4', HINDSIGHT_SLOTS: '8', HINDSIGHT_RATE_LIMITS: 'off' };
      for (const role of PROCESSES) processes.push(await startRole(role, { env: settings, say }));
      say(`${processes.length} processes are up`);
      cluster = await operate(settings, { drives: false });
      const http = (): string => processes[0]?.server().http ?? '';
      const talk = await startTalk(http, { random, chats: CHATS, messages: scaled(MESSAGES, Math.max(share, 0.2)) });
      const load = talk.keepOn(SENDS_PER_S);
      const byPhase: Record<string, number> = {};
      const facts = await rebuildAndKill(cluster, { processes, random, say, kills: scaled(KILLS, share), byPhase });
      await load.stop();
      const verified = await cluster.admin.verify('all');
      ensure(verified.ok, 'the verify was refused');
      const { result } = await jobUntil(cluster.admin, verified.value.jobId, hasEnded, ENDS_WITHIN_MS);
      ensure(result?.differencesFound === 0, `the live views differ from the log: ${JSON.stringify(result)}`);
      const phases = Object.entries(byPhase).map(([phase, count]) => `${phase} ${count}`);
      return { ...facts, 'kills by phase': phases.join(', '), sent: talk.sent(), rows: result.rows, differences: 0 };
    } finally {
      await cluster?.close();
      await Promise.all(processes.map((process) => process.stop()));
      await down({ folder, say: quiet });
    }
  },
};

interface Killing {
  readonly processes: readonly RoleProcess[];
  readonly random: Seeded;
  readonly kills: number;
  readonly byPhase: Record<string, number>;
  say(text: string): void;
}

async function rebuildAndKill({ admin }: OperatedCluster, of: Killing): Promise<{ kills: number; rebuilds: number }> {
  const { processes, random, say, byPhase } = of;
  let [kills, rebuilds] = [0, 0];
  while (kills < of.kills) {
    const begun = await admin.rebuild('all', { eventsPerSecond: EVENTS_PER_SECOND });
    ensure(begun.ok, `the rebuild was refused: ${JSON.stringify(begun)}`);
    const { jobId } = begun.value;
    for (let n = 0; n < KILLS_OF_ONE && kills < of.kills; n++) {
      await pause(CALM_MIN_MS + random.below(CALM_MAX_MS));
      const job = await admin.job(jobId);
      if (!job || hasEnded(job)) break;
      const victim = random.pick(processes);
      say(`kills a ${victim.role} in phase ${job.phase}`);
      byPhase[job.phase ?? 'none'] = (byPhase[job.phase ?? 'none'] ?? 0) + 1;
      await victim.killAndReplace();
      await victim.whole();
      kills += 1;
    }
    const ended = await jobUntil(admin, jobId, hasEnded, ENDS_WITHIN_MS);
    ensure(ended.state === 'done' && ended.result?.differencesFound === 0, `a rebuild: ${JSON.stringify(ended)}`);
    rebuilds += 1;
    say(`rebuild ${rebuilds} has ended after ${kills} kills in all`);
  }
  return { kills, rebuilds };
}
