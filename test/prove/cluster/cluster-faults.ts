import { setTimeout as pause } from 'node:timers/promises';
import { down, up } from '../../../bin/dev-servers/index.ts';
import { createUlidFactory } from '../../../infra/system/ids.ts';
import { hindsight } from '../../support/cli.ts';
import { call, type SignedIn, signUp } from '../../support/protocol-client.ts';
import { type Seeded, seeded } from '../../support/seeded.ts';
import { temporaryFolder } from '../../support/server-process.ts';
import { ensure, type Part, scaled } from '../part.ts';
import { type Cluster, FAULTS, type Fault } from './faults.ts';
import { Listener } from './listener.ts';
import { type RoleProcess, startRole } from './role-process.ts';

const ROUNDS = 20;
const USERS = 24;
const CHATS = 6;
const MEMBERS = 8;
const SENDS_PER_S = 1;
const RECOVERED_WITHIN_MS = 90_000;
const LOOK_EVERY_MS = 100;
/** Load between two faults, in which all must be well. */
const CALM_MS = 1_500;

/** Two of each role that clients reach, and two that can take over from each other of each that they do not. */
const PROCESSES = [
  'gateway,http',
  'gateway,http',
  'relay',
  'relay',
  'projector',
  'projector',
  'deliveries',
  'deliveries',
] as const;

interface Row {
  fault: string;
  rounds: number;
  /** Milliseconds from the fault until every message that was acknowledged in it had been seen by everybody. */
  recoveryMs: number[];
  silenceMs: number[];
}

const ulid = createUlidFactory();

export const clusterFaultsPart: Part = {
  name: 'cluster-faults',
  what: 'processes and servers of a cluster killed, restarted, silenced and paused under load: nothing lost, twice or out of order',
  onlyNamed: true,
  async run({ share, seed, say }) {
    const random = seeded(seed);
    const folder = temporaryFolder();
    const processes: RoleProcess[] = [];
    const quiet = (): void => undefined;
    try {
      const servers = await up({ folder, say: quiet });
      const env: Record<string, string> = Object.assign({}, ...servers.map((server) => server.env));
      for (const roles of PROCESSES) processes.push(await startRole(roles, { env, say }));
      say(`${processes.length} processes are up`);
      const listeners = await populate(processes, random);
      for (const listener of listeners) listener.start(SENDS_PER_S);
      const cluster: Cluster = { folder, processes, random, say };
      const rows: Row[] = [];
      for (const fault of chosen(random, share)) rows.push(await rounds(cluster, listeners, { fault, share }));
      await settle(listeners);
      for (const listener of listeners) await listener.stop();
      const facts = judge(listeners);
      const verified = await hindsight(['projections', 'verify', 'all', '--json'], { env });
      ensure(verified.code === 0, `the views differ from the log: ${verified.stdout} ${verified.stderr}`);
      return { ...facts, table: `\n${rows.map(describe).join('\n')}\n` };
    } finally {
      await Promise.all(processes.map((process) => process.stop()));
      await down({ folder, say: quiet });
    }
  },
};

/** All of them, or where the share leaves less than one round of each, some. */
function chosen(random: Seeded, share: number): Fault[] {
  if (ROUNDS * share >= 1) return [...FAULTS];
  const left = [...FAULTS];
  const count = scaled(FAULTS.length * ROUNDS, share);
  return Array.from({ length: count }, () => left.splice(random.below(left.length), 1)[0] as Fault);
}

async function populate(processes: readonly RoleProcess[], random: Seeded): Promise<Listener[]> {
  const http = (): string =>
    random.pick(processes.filter(({ roles }) => roles.includes('http')).map((process) => process.server().http));
  const users: SignedIn[] = [];
  for (let i = 0; i < USERS; i++) users.push(await signUp(http(), `fault_user_${i}`));
  const chatsOf = new Map<string, string[]>(users.map(({ userId }) => [userId, []]));
  for (let c = 0; c < CHATS; c++) {
    const members = users.filter((_, u) => (u + c * (USERS / CHATS)) % USERS < MEMBERS);
    const [owner] = members as [SignedIn];
    const chatId = ulid();
    const others = members.slice(1).map(({ userId }) => userId);
    const body = { kind: 'group', chatId, title: `faults ${c}`, members: others };
    const started = await call(http(), '/v1/chats', { token: owner.accessToken, body });
    ensure(started.status === 201, `chat: ${started.status} ${JSON.stringify(started.body)}`);
    for (const { userId } of members) chatsOf.get(userId)?.push(chatId);
  }
  return users.map((user) => new Listener(user, chatsOf.get(user.userId) ?? [], http));
}

async function rounds(
  cluster: Cluster,
  listeners: readonly Listener[],
  { fault, share }: { fault: Fault; share: number },
): Promise<Row> {
  const row: Row = { fault: fault.name, rounds: scaled(ROUNDS, share), recoveryMs: [], silenceMs: [] };
  for (let round = 0; round < row.rounds; round++) {
    await pause(CALM_MS + cluster.random.below(CALM_MS));
    for (const listener of listeners) listener.forgetSilence();
    const began = performance.now();
    await fault.inject(cluster);
    await caughtUp(listeners, `${fault.name}, round ${round + 1}`);
    row.recoveryMs.push(Math.round(performance.now() - began));
    row.silenceMs.push(Math.round(Math.max(...listeners.map((listener) => listener.silence()))));
  }
  cluster.say(describe(row));
  return row;
}

/** Waits until every listener has seen everything that had been acknowledged when this was asked. */
async function caughtUp(listeners: readonly Listener[], what: string): Promise<void> {
  const heads = headsOf(listeners);
  const behind = (): Listener[] =>
    listeners.filter(({ lastSeq }) => [...lastSeq].some(([chatId, seq]) => seq < (heads.get(chatId) ?? 0)));
  for (const until = performance.now() + RECOVERED_WITHIN_MS; behind().length > 0; ) {
    const wrong = listeners.find(({ wrongs }) => wrongs.first !== null);
    ensure(wrong === undefined, `${what}: ${wrong?.wrongs.first}`);
    ensure(performance.now() < until, `${what}: ${behind().length} listeners did not catch up`);
    await pause(LOOK_EVERY_MS);
  }
}

function headsOf(listeners: readonly Listener[]): Map<string, number> {
  const heads = new Map<string, number>();
  for (const { acked } of listeners) {
    for (const { chatId, seq } of acked.values()) heads.set(chatId, Math.max(seq, heads.get(chatId) ?? 0));
  }
  return heads;
}

async function settle(listeners: readonly Listener[]): Promise<void> {
  for (const listener of listeners) listener.stopSending();
  const until = performance.now() + RECOVERED_WITHIN_MS;
  while (listeners.some(({ unanswered }) => unanswered > 0)) {
    ensure(performance.now() < until, 'some sends were never answered');
    await pause(LOOK_EVERY_MS);
  }
  await caughtUp(listeners, 'at the end');
}

function judge(listeners: readonly Listener[]): Record<string, number> {
  const sum = (of: (listener: Listener) => number): number => listeners.reduce((total, l) => total + of(l), 0);
  let missing = 0;
  for (const { acked } of listeners) {
    for (const [messageId, { chatId }] of acked) {
      const members = listeners.filter(({ seen }) => seen.has(chatId));
      missing += members.filter(({ seen }) => !seen.get(chatId)?.has(messageId)).length;
    }
  }
  const facts = {
    acked: sum(({ acked }) => acked.size),
    seen: sum(({ events }) => events),
    lost: missing + sum(({ wrongs }) => wrongs.lost),
    duplicated: sum(({ wrongs }) => wrongs.duplicated),
    reordered: sum(({ wrongs }) => wrongs.reordered),
    reconnects: sum(({ reconnects }) => reconnects),
    resyncs: sum(({ resyncs }) => resyncs),
  };
  const wrong = listeners.find(({ wrongs }) => wrongs.first !== null)?.wrongs.first ?? '';
  ensure(facts.lost + facts.duplicated + facts.reordered === 0, `${JSON.stringify(facts)} ${wrong}`);
  return facts;
}

function describe({ fault, rounds: count, recoveryMs, silenceMs }: Row): string {
  const middle = [...recoveryMs].sort((a, b) => a - b)[Math.floor(recoveryMs.length / 2)];
  return `| ${fault} | ${count} | ${middle} | ${Math.max(...recoveryMs)} | ${Math.max(...silenceMs)} |`;
}
