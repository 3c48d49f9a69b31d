import { setTimeout as pause } from 'node:timers/promises';
import { signal, up } from '../../../bin/dev-servers/index.ts';
import { isTemporary } from '../../../events/event-store.ts';
import type { Seeded } from '../../support/seeded.ts';
import type { TcpProxy } from '../../support/tcp-proxy.ts';
import type { Tally } from './flood.ts';
import type { RoleProcess } from './role-process.ts';

/** What is broken, in a cluster that is under load. */
export interface Cluster {
  /** Of the servers for development. */
  readonly folder: string;
  readonly processes: readonly RoleProcess[];
  /** Between the processes and the event store. */
  readonly storeProxy: TcpProxy;
  readonly random: Seeded;
  say(text: string): void;
}

export interface Fault {
  readonly name: string;
  /**
   * Waits for what was broken before, and resolves to what does it: that resolves when clients may be expected to catch
   * up, for there is somebody to take over, or what was broken is there again.
   */
  prepare(cluster: Cluster): Promise<() => Promise<void>>;
  /** How often at full count. */
  readonly rounds: number;
  /**
   * With a flood beside the load, under which the processes keep within their memory. What of it makes it one: what the
   * log takes, or where it takes nothing, what is offered to it.
   */
  readonly flooded?: keyof Tally;
}

export const ROUNDS = 20;
const SILENCE_MS = 15_000;
const PAUSE_MS = 20_000;
const DOWN_MS = 1_000;
/** By then a process that was killed has been missed, or is about to be. */
const MISSED_MS = 3_000;
const LONG_MS = 60_000;
const GONE_WITHIN_MS = 30_000;
const AGAIN_MS = 200;

/** One of at least two that are up. */
async function oneOf({ processes, random }: Cluster, role: string): Promise<RoleProcess> {
  const all = processes.filter((process) => process.role === role);
  await Promise.all(all.map((process) => process.whole()));
  if (role !== 'relay') return random.pick(all);
  // One that stands by is not missed.
  const active = await Promise.all(all.map(async (relay) => (await relay.metric('hindsight_relay_active')) === 1));
  return all.find((_, i) => active[i]) ?? random.pick(all);
}

const killed = (role: string): Fault => ({
  name: `kill -9 of a ${role}`,
  rounds: ROUNDS,
  async prepare(cluster) {
    const victim = await oneOf(cluster, role);
    return async () => {
      await victim.killAndReplace();
      await pause(MISSED_MS);
    };
  },
});

/** One of each at the same time, longer than any lease: what comes back thinks that it still leads. */
const paused = (...roles: string[]): Fault => ({
  name: `a ${roles.join(', a ')} stand still for ${PAUSE_MS / 1_000} s`,
  rounds: ROUNDS,
  async prepare(cluster) {
    const victims = await Promise.all(roles.map((role) => oneOf(cluster, role)));
    return async () => void (await Promise.all(victims.map((victim) => victim.pauseFor(PAUSE_MS))));
  },
});

const SERVERS = { kafka: 'Kafka', cassandra: 'Cassandra', postgres: 'Postgres', 'event-store': 'the event store' };
type Server = keyof typeof SERVERS;

async function stopFor({ folder }: Cluster, server: Server, ms: number): Promise<void> {
  signal(folder, server, 'SIGKILL');
  await pause(ms);
  for (const until = performance.now() + GONE_WITHIN_MS; ; await pause(AGAIN_MS)) {
    try {
      await up({ folder, only: [server], say: () => undefined });
      return;
    } catch (error) {
      // One that was killed may hold its port for a moment.
      if (!isTemporary(error) || performance.now() > until) throw error;
    }
  }
}

const restarted = (server: Server): Fault => ({
  name: `kill -9 and restart of ${SERVERS[server]}`,
  rounds: ROUNDS,
  prepare: async (cluster) => () => stopFor(cluster, server, DOWN_MS),
});

const stoppedLong = (server: Server): Fault => ({
  name: `${SERVERS[server]} stopped for ${LONG_MS / 1_000} s`,
  rounds: 1,
  flooded: server === 'event-store' ? 'offeredBytes' : 'takenBytes',
  prepare: async (cluster) => () => stopFor(cluster, server, LONG_MS),
});

const cut: Fault = {
  name: 'connections to the event store cut',
  rounds: ROUNDS,
  prepare:
    async ({ storeProxy }) =>
    async () =>
      storeProxy.reset(),
};

const silent: Fault = {
  name: `connections to the event store silent for ${SILENCE_MS / 1_000} s`,
  rounds: ROUNDS,
  prepare:
    async ({ storeProxy }) =>
    async () => {
      storeProxy.blackHole();
      await pause(SILENCE_MS);
      storeProxy.heal();
    },
};

export const FAULTS: readonly Fault[] = [
  killed('gateway'),
  killed('http'),
  killed('relay'),
  killed('projector'),
  killed('deliveries'),
  restarted('kafka'),
  restarted('cassandra'),
  restarted('postgres'),
  restarted('event-store'),
  cut,
  silent,
  paused('relay', 'projector', 'deliveries', 'gateway', 'http'),
  stoppedLong('kafka'),
  stoppedLong('cassandra'),
  stoppedLong('postgres'),
  stoppedLong('event-store'),
];
