import { setTimeout as pause } from 'node:timers/promises';
import { signal, up } from '../../../bin/dev-servers/index.ts';
import type { Seeded } from '../../support/seeded.ts';
import type { RoleProcess } from './role-process.ts';

/** What is broken, in a cluster that is under load. */
export interface Cluster {
  /** Of the servers for development. */
  readonly folder: string;
  readonly processes: readonly RoleProcess[];
  readonly random: Seeded;
  say(text: string): void;
}

export interface Fault {
  readonly name: string;
  /** Resolves when what was broken is there again; clients may still be catching up. */
  inject(cluster: Cluster): Promise<void>;
}

const SILENCE_MS = 15_000;
const PAUSE_MS = 20_000;
const DOWN_MS = 1_000;

const oneOf = ({ processes, random }: Cluster, role: string): RoleProcess =>
  random.pick(processes.filter(({ roles }) => roles.split(',').includes(role)));

const killed = (role: string): Fault => ({
  name: `kill -9 of a ${role}`,
  inject: (cluster) => oneOf(cluster, role).killAndRestart(),
});

/** Longer than any lease: what comes back thinks that it still leads. */
const paused = (role: string): Fault => ({
  name: `a ${role} stands still for ${PAUSE_MS / 1_000} s and comes back`,
  inject: (cluster) => oneOf(cluster, role).pauseFor(PAUSE_MS),
});

const restarted = (server: string, title: string): Fault => ({
  name: `kill -9 and restart of ${title}`,
  async inject({ folder, say }) {
    signal(folder, server, 'SIGKILL');
    await pause(DOWN_MS);
    await up({ folder, only: [server], say });
  },
});

const silent = (server: string, title: string): Fault => ({
  name: `${title} is silent for ${SILENCE_MS / 1_000} s`,
  async inject({ folder }) {
    signal(folder, server, 'SIGSTOP');
    await pause(SILENCE_MS);
    signal(folder, server, 'SIGCONT');
  },
});

export const EVENT_STORE = 'event-store';

export const FAULTS: readonly Fault[] = [
  killed('gateway'),
  killed('http'),
  killed('relay'),
  killed('projector'),
  killed('deliveries'),
  restarted('kafka', 'Kafka'),
  restarted('cassandra', 'Cassandra'),
  restarted('postgres', 'Postgres'),
  restarted(EVENT_STORE, 'the event store'),
  silent(EVENT_STORE, 'the event store'),
  paused('relay'),
  paused('projector'),
  paused('gateway'),
];
