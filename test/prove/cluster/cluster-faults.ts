import { rmSync } from 'node:fs';
import { down, up } from '../../../bin/dev-servers/index.ts';
import { hindsight } from '../../support/cli.ts';
import { seeded } from '../../support/seeded.ts';
import { temporaryFolder } from '../../support/server-process.ts';
import { createTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import { ensure, type Part, type PartOptions, scaled } from '../part.ts';
import { behind, drained, firstWrongs, sumOf, wrongsOf } from './crowd.ts';
import { type Cluster, FAULTS, ROUNDS } from './faults.ts';
import { prepareFlood } from './flood.ts';
import { startLoad } from './load.ts';
import { type RoleProcess, startRole } from './role-process.ts';
import { everybody, type Load, playRound } from './round.ts';
import { describe, HEADER, newRow, type Row } from './table.ts';

const SETTLED_WITHIN_MS = 90_000;

/** Two of each, so that each has one to take over from it. */
const ROLES = ['gateway', 'http', 'relay', 'projector', 'deliveries'] as const;
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
  let failed = false;
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
    failed = true;
    for (const process of processes) process.keepOutput(folder);
    say(`what the processes printed is in ${folder}`);
    throw error;
  } finally {
    await Promise.all(processes.map((process) => process.stop()));
    await storeProxy?.close();
    await down({ folder, say: quiet });
    if (!failed) rmSync(folder, { recursive: true }); // with floods these are gigabytes
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
  { share, only, seed, say }: PartOptions,
): Promise<Record<string, number | string>> {
  const faults = FAULTS.filter(({ name }) => only === undefined || only.some((part) => name.includes(part)));
  const random = seeded(seed + 1); // the load takes its numbers as they come: the faults have their own
  const flood = faults.some(({ flooded }) => flooded) ? await prepareFlood(cluster.processes, random) : null;
  const load: Load = { listeners: await startLoad(cluster.processes, random), flood };
  const rows = faults.map(({ name }) => newRow(name));
  const table = (): string => [HEADER, ...rows.map(describe)].join('\n');
  for (let round = 0; round < scaled(ROUNDS, share); round++) {
    for (const [i, fault] of faults.entries()) {
      if (round < scaled(fault.rounds, share)) await playRound(cluster, load, { fault, row: rows[i] as Row });
    }
    say(`after ${round + 1} rounds:\n${table()}`);
  }
  await settle(load);
  const facts = count(load, cluster.processes);
  say(JSON.stringify(facts));
  const verified = await hindsight(['projections', 'verify', 'all', '--json'], { env });
  ensure(verified.code === 0, `the views differ from the log: ${verified.stdout} ${verified.stderr}`);
  const wrongs = facts.lost + facts.duplicated + facts.reordered + facts.other;
  ensure(wrongs === 0, `${wrongs} wrongs: ${firstWrongs(everybody(load)).join('; ')}`);
  const stuck = rows.filter((row) => row.stuck > 0).map(({ fault }) => fault);
  ensure(stuck.length === 0, `some did not catch up in time after ${stuck.join(', ')}`);
  const tooMuch = rows.flatMap((row) => row.tooMuch);
  ensure(tooMuch.length === 0, tooMuch.join('; '));
  return { ...facts, table: `\n${table()}\n` };
}

/** Sends no more, and waits until everything is answered and has come. */
async function settle(load: Load): Promise<void> {
  const crowd = everybody(load);
  for (const listener of crowd) listener.talking = false;
  ensure(await drained(crowd, SETTLED_WITHIN_MS), `never caught up: ${behind(crowd).join(', ')}`);
  await Promise.all(crowd.map((listener) => listener.stop()));
}

type Facts = Record<'acked' | 'seen' | 'reconnects' | 'resyncs' | 'endedByThemselves', number> &
  ReturnType<typeof wrongsOf>;

function count(load: Load, processes: readonly RoleProcess[]): Facts {
  const crowd = everybody(load);
  const acked = new Map(crowd.flatMap(({ outbox }) => [...outbox.acked]));
  const missing = sumOf(crowd, ({ ledger }) => ledger.missing(acked));
  const wrongs = wrongsOf(crowd);
  return {
    acked: acked.size,
    seen: sumOf(crowd, ({ ledger }) => ledger.events()),
    ...wrongs,
    lost: wrongs.lost + missing,
    reconnects: sumOf(crowd, ({ reconnects }) => reconnects),
    resyncs: sumOf(crowd, ({ resyncs }) => resyncs),
    endedByThemselves: processes.reduce((total, process) => total + process.ended(), 0),
  };
}
