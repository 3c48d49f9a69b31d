import { setTimeout as pause } from 'node:timers/promises';
import { down, up } from '../../../bin/dev-servers/index.ts';
import { hindsight } from '../../support/cli.ts';
import { seeded } from '../../support/seeded.ts';
import { temporaryFolder } from '../../support/server-process.ts';
import { createTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import { ensure, type Part, type PartOptions, scaled } from '../part.ts';
import { type Cluster, FAULTS, type Fault, ROUNDS } from './faults.ts';
import { type Load, startLoad } from './load.ts';
import { watchMemory } from './memory.ts';
import { type RoleProcess, startRole } from './role-process.ts';
import { describe, HEADER, newRow, type Row } from './table.ts';

/** Load between two faults, in which all must be well. */
const CALM_MS = 1_500;
/** A message that takes longer while nothing is broken is told of. */
const STALL_MS = 3_000;
/** Whoever has not caught up so long after what was broken is there again is told of. */
const SLOW_MS = 15_000;
/** Two of each, so that each has one to take over from it. */
const ROLES = ['gateway,http', 'relay', 'projector', 'deliveries'] as const;
const OF_EACH = 2;

export const clusterFaultsPart: Part = {
  name: 'cluster-faults',
  what: 'processes and servers of a cluster killed, restarted, silenced and paused under load: nothing lost, twice or out of order',
  onlyNamed: true,
  run: (options) => inCluster(options, (cluster, env) => prove(cluster, env, options)),
};

async function inCluster<T>(
  { seed, say }: PartOptions,
  use: (cluster: Cluster, env: Record<string, string>) => Promise<T>,
): Promise<T> {
  const folder = temporaryFolder();
  const processes: RoleProcess[] = [];
  const quiet = (): void => undefined;
  let storeProxy: TcpProxy | null = null;
  try {
    const servers = await up({ folder, say: quiet });
    const env: Record<string, string> = Object.assign({}, ...servers.map((server) => server.env));
    const store = new URL(env['HINDSIGHT_EVENTSTORE_URL'] ?? '');
    storeProxy = await createTcpProxy({ host: store.hostname, port: Number(store.port) });
    store.port = String(storeProxy.port);
    env['HINDSIGHT_EVENTSTORE_URL'] = store.href;
    for (let i = 0; i < OF_EACH; i++) await startOneOfEach(processes, { env, say });
    say(`${processes.length} processes are up`);
    return await use({ folder, processes, storeProxy, random: seeded(seed), say }, env);
  } catch (error) {
    for (const process of processes) process.keepOutput(folder);
    say(`what the processes printed is in ${folder}`);
    throw error;
  } finally {
    await Promise.all(processes.map((process) => process.stop()));
    await storeProxy?.close();
    await down({ folder, say: quiet });
  }
}

async function startOneOfEach(
  processes: RoleProcess[],
  how: { env: Record<string, string>; say(text: string): void },
): Promise<void> {
  const outcomes = await Promise.allSettled(ROLES.map((role) => startRole(role, how)));
  for (const outcome of outcomes) if (outcome.status === 'fulfilled') processes.push(outcome.value);
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

async function prove(
  cluster: Cluster,
  env: Record<string, string>,
  { share, only, say }: PartOptions,
): Promise<Record<string, number | string>> {
  const load = await startLoad(cluster.processes, cluster.random);
  const faults = FAULTS.filter(({ name }) => only === undefined || only.some((part) => name.includes(part)));
  const rows = faults.map(({ name }) => newRow(name));
  const table = (): string => [HEADER, ...rows.map(describe)].join('\n');
  for (let round = 0; round < scaled(ROUNDS, share); round++) {
    for (const [i, fault] of faults.entries()) {
      if (round < scaled(fault.rounds, share)) await oneRound(cluster, load, { fault, row: rows[i] as Row });
    }
    say(`after ${round + 1} rounds:\n${table()}`);
  }
  await load.settle();
  await load.stop();
  const facts = judge(load, cluster.processes);
  say(JSON.stringify(facts));
  const verified = await hindsight(['projections', 'verify', 'all', '--json'], { env });
  ensure(verified.code === 0, `the views differ from the log: ${verified.stdout} ${verified.stderr}`);
  const wrongs = facts.lost + facts.duplicated + facts.reordered;
  ensure(wrongs === 0, `${wrongs} wrongs: ${load.firstWrongs().join('; ')}`);
  ensure(
    rows.every(({ stuck }) => stuck === 0),
    'some did not catch up in time',
  );
  return { ...facts, table: `\n${table()}\n` };
}

function forgetWaits({ listeners }: Load): void {
  for (const listener of listeners) Object.assign(listener, { longestWaitMs: 0, longestAckMs: 0 });
}

const longestWait = ({ listeners }: Load): number =>
  Math.round(Math.max(...listeners.map(({ longestWaitMs }) => longestWaitMs)));

async function oneRound(cluster: Cluster, load: Load, { fault, row }: { fault: Fault; row: Row }): Promise<void> {
  const inject = await fault.prepare(cluster);
  forgetWaits(load);
  await pause(CALM_MS + cluster.random.below(CALM_MS));
  const calm = longestWait(load);
  if (calm > STALL_MS) cluster.say(`a message took ${calm} ms where nothing was broken`);
  const memory = fault.watchMemory ? await watchMemory(cluster.processes) : null;
  forgetWaits(load);
  const before = load.wrongs();
  const began = performance.now();
  await inject();
  const repaired = performance.now();
  const tellOf = (): void => cluster.say(`${fault.name}, not caught up yet: ${load.behind().join('; ')}`);
  const slow = setTimeout(tellOf, SLOW_MS);
  if (!(await load.caughtUp())) {
    row.stuck++;
    tellOf();
  }
  clearTimeout(slow);
  const since = (from: number): number => Math.round(performance.now() - from);
  row.recoveryMs.push(since(began));
  row.waitMs.push(longestWait(load));
  row.ackMs.push(Math.round(Math.max(...load.listeners.map(({ longestAckMs }) => longestAckMs))));
  const after = load.wrongs();
  row.lost += after.lost - before.lost;
  row.duplicated += after.duplicated - before.duplicated;
  row.reordered += after.reordered - before.reordered;
  const took = `repaired after ${Math.round(repaired - began)}, all caught up after ${row.recoveryMs.at(-1)}`;
  cluster.say(
    `${new Date().toISOString()} ${fault.name}, round ${row.recoveryMs.length}: ${took}, ` +
      `longest wait ${row.waitMs.at(-1)}, until acknowledged ${row.ackMs.at(-1)} ms ${load.firstWrongs()[0] ?? ''}`,
  );
  if (memory) row.memory = await memory.end();
  for (const process of cluster.processes) process.keepOutput(cluster.folder);
}

function judge(
  load: Load,
  processes: readonly RoleProcess[],
): Record<
  'acked' | 'seen' | 'lost' | 'duplicated' | 'reordered' | 'reconnects' | 'resyncs' | 'endedByThemselves',
  number
> {
  const { listeners } = load;
  const sum = (of: (listener: (typeof listeners)[number]) => number): number =>
    listeners.reduce((total, listener) => total + of(listener), 0);
  const acked = new Map(listeners.flatMap((listener) => [...listener.acked]));
  const missing = sum(({ ledger }) => ledger.missing(acked));
  const { lost, duplicated, reordered } = load.wrongs();
  return {
    acked: acked.size,
    seen: sum(({ ledger }) => ledger.events()),
    lost: lost + missing,
    duplicated,
    reordered,
    reconnects: sum(({ reconnects }) => reconnects),
    resyncs: sum(({ resyncs }) => resyncs),
    endedByThemselves: processes.reduce((total, process) => total + process.ended(), 0),
  };
}
