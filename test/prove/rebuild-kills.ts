import { rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { ProjectionJob } from '../../gateway/http/ops/port.ts';
import { writeBigLog } from '../bench/big-log.ts';
import { hindsightJson } from '../support/cli.ts';
import { hashViews } from '../support/hash-views.ts';
import { ircLogs } from '../support/irc-logs.ts';
import { call, openSocket, type SignedIn, signUp } from '../support/protocol-client.ts';
import { type Seeded, seeded } from '../support/seeded.ts';
import { launchServer, type ServerProcess, temporaryFolder } from '../support/server-process.ts';
import { importLogs } from './irc-chat.ts';
import { ensure, type Part, type PartOptions, scaled } from './part.ts';

const KILLS = 50;
const EVENTS = 1_000_000;
const CHATS = 300;
const USERS_PER_CHAT = 20;
const IN_FLIGHT = 4;
/** Between an answer and the next send of each: else there is more that was sent than the log had before. */
const SEND_EVERY_MS = 20;
const LOOK_EVERY_MS = 5;
/** One kill in so many falls into the last part of a rebuild, where it switches. */
const SWITCH_EVERY = 4;
const SWITCH_FROM = 0.95;
const LATER_MS = 60;
const SWITCH_LATER_MS = 300;
const ENV = { HINDSIGHT_ACCESS_TOKEN_S: '86400' };

interface World {
  readonly data: string;
  readonly random: Seeded;
  readonly user: SignedIn;
  readonly chatId: string;
  /** In which phase the kills fell. */
  readonly phases: Map<string, number>;
  rebuilt: number;
  sent: number;
}

export const rebuildKillsPart: Part = {
  name: 'rebuild-kills',
  what: 'kill -9 at random points of a rebuild under load, over a generated log and over the real ones: what it ends with is, row by row, what was live all the while',
  async run({ share, seed, say, only = ['generated', 'real'] }) {
    const kills = scaled(KILLS, share);
    const facts: Record<string, number> = {};
    for (const [log, fill] of [
      ['generated', bigLog(scaled(EVENTS, share), seed)],
      ['real', realLogs(share)],
    ] as const) {
      if (only.includes(log)) Object.assign(facts, named(log, await killRebuilds({ fill, kills, seed, say })));
    }
    return facts;
  },
};

/** Facts of one log among others. */
export const named = <T>(log: string, facts: Record<string, T>): Record<string, T> =>
  Object.fromEntries(Object.entries(facts).map(([fact, count]) => [`${log}: ${fact}`, count]));

type Fill = (data: string) => Promise<void>;

export const bigLog =
  (events: number, seed: number): Fill =>
  (data) =>
    writeBigLog({ file: join(data, 'events.db'), events, chats: CHATS, usersPerChat: USERS_PER_CHAT, seed });

/** Each log goes into a group of its own, and all of them into one. */
export const realLogs =
  (share: number): Fill =>
  async (data) => {
    const { days } = ircLogs();
    const files = days.slice(0, scaled(days.length, share)).map(({ path }) => path);
    const server = await launchServer({ data, env: ENV }).ready;
    for (const username of ['ada', 'ben']) await signUp(server.http, username);
    await importLogs(data, { files });
    for (const file of files) await importLogs(data, { files: [file], title: basename(file) });
    await server.stop();
  };

interface Kills extends Pick<PartOptions, 'seed' | 'say'> {
  fill: Fill;
  kills: number;
}

export async function killRebuilds({ fill, kills, seed, say }: Kills): Promise<Record<string, number>> {
  const data = temporaryFolder();
  await fill(data);
  let server = await launchServer({ data, env: ENV }).ready;
  const world = await populate(server, seeded(seed));
  for (let kill = 1; kill <= kills; kill++) {
    const target = kill % SWITCH_EVERY === 0 ? SWITCH_FROM : world.random.next();
    await rebuildThenKill(world, server, target);
    server = await launchServer({ data, env: ENV }).ready;
    say(`${kill} kills, the last one where ${JSON.stringify(Object.fromEntries(world.phases))}`);
  }
  await whileSending(world, server, async () => {
    const job = await openJob(world, server);
    await ended(world, server, job.jobId);
  });
  await settled(world, server);
  await server.stop();
  const hashes = await hashViews(join(data, 'views.db'));
  for (const [view, { live, previous }] of Object.entries(hashes)) {
    ensure(live === previous, `${view}: ${live} was built, and ${previous} was live`);
  }
  const verified = await hindsightJson<{ differencesFound: number; rows: number }>(['projections', 'verify', 'all'], {
    data,
  });
  ensure(verified.differencesFound === 0, `verify: ${JSON.stringify(verified)}`);
  const { sent, rebuilt } = world;
  rmSync(data, { recursive: true, force: true });
  return { kills, rebuilt, sent, rows: verified.rows, ...Object.fromEntries(world.phases) };
}

async function populate(server: ServerProcess, random: Seeded): Promise<World> {
  const { data } = server;
  const user = await signUp(server.http, 'rebuild_operator');
  await hindsightJson(['user', 'role', 'rebuild_operator', 'user', 'ops'], { data });
  const started = await call<{ chatId: string }>(server.http, '/v1/chats', {
    token: user.accessToken,
    body: { kind: 'group', title: 'kills', members: [] },
  });
  ensure(started.status === 201, `chat: ${started.status} ${JSON.stringify(started.body)}`);
  return { data, random, user, chatId: started.body.chatId, phases: new Map(), rebuilt: 0, sent: 0 };
}

const ask = <T>({ user }: World, server: ServerProcess, path: string, body?: object) =>
  call<T>(server.http, `/v1/ops/${path}`, { token: user.accessToken, ...(body && { body }) });

/** The rebuild that has not ended, or a new one. */
async function openJob(world: World, server: ServerProcess): Promise<ProjectionJob> {
  const { body } = await ask<{ jobs: ProjectionJob[] }>(world, server, 'jobs');
  for (const { state, error } of body.jobs) ensure(state !== 'failed', `a rebuild has failed: ${error}`);
  const open = body.jobs.find(({ state, action }) => state === 'running' && action === 'rebuild');
  if (open) return open;
  world.rebuilt++;
  const begun = await ask<ProjectionJob>(world, server, 'projections/all/rebuild', {
    share: 1,
    reason: 'to be killed',
  });
  ensure(begun.status === 202, `rebuild: ${begun.status} ${JSON.stringify(begun.body)}`);
  return begun.body;
}

async function rebuildThenKill(world: World, server: ServerProcess, target: number): Promise<void> {
  await whileSending(world, server, async () => {
    let job = await openJob(world, server);
    if (job.progress > target) {
      // What an earlier kill has left is past that point: it ends, and the next one comes to it.
      await ended(world, server, job.jobId);
      job = await openJob(world, server);
    }
    while (job.state === 'running' && job.progress < target) {
      await pause(LOOK_EVERY_MS);
      job = (await ask<ProjectionJob>(world, server, `jobs/${job.jobId}`)).body;
    }
    await pause(world.random.below(target === SWITCH_FROM ? SWITCH_LATER_MS : LATER_MS));
    const phase = job.state === 'running' ? (job.phase ?? 'begun') : 'switched';
    world.phases.set(phase, (world.phases.get(phase) ?? 0) + 1);
    await server.kill();
  });
}

/** What is sent is not looked at here: another part does that. */
async function whileSending(world: World, server: ServerProcess, work: () => Promise<void>): Promise<void> {
  const socket = await openSocket(server.gateway, world.user.accessToken);
  let going = true;
  const pumps = Array.from({ length: IN_FLIGHT }, async () => {
    while (going) {
      const answer = await socket.request('send', { chatId: world.chatId, text: `${world.sent}` }).catch(() => null);
      if (answer === null) return;
      world.sent++;
      await pause(SEND_EVERY_MS);
    }
  });
  try {
    await work();
  } finally {
    going = false;
    await Promise.all(pumps);
    socket.close();
  }
}

async function ended(world: World, server: ServerProcess, jobId: string): Promise<void> {
  for (;;) {
    const { body } = await ask<ProjectionJob>(world, server, `jobs/${jobId}`);
    if (body.state === 'done') return;
    ensure(body.state === 'running', `the rebuild is ${body.state}: ${body.error}`);
    await pause(LOOK_EVERY_MS);
  }
}

/** All that was sent is in the views. */
async function settled(world: World, server: ServerProcess): Promise<void> {
  for (;;) {
    const { body } = await ask<{ projections: { lagEvents: number }[] }>(world, server, 'projections');
    if (body.projections.every(({ lagEvents }) => lagEvents === 0)) return;
    await pause(LOOK_EVERY_MS);
  }
}
