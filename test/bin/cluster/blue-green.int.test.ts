import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ProjectionJob } from '../../../gateway/http/ops/port.ts';
import { clusterEnv, dropClusters } from '../../support/cluster.ts';
import { type Answer, call } from '../../support/protocol-client.ts';
import {
  hasEnded,
  jobUntil,
  type OperatedCluster,
  operate,
  startTalk,
  type Talk,
} from '../../support/rebuilding-cluster.ts';
import { seeded } from '../../support/seeded.ts';
import { launchServer, type ServerProcess, temporaryFolder } from '../../support/server-process.ts';

const SEED = 23;
const LONG_MS = 300_000;
const READ_EVERY_MS = 50;
/** Of a rebuild. Under a light load it has caught up before anybody can look. */
const PHASES = ['building', 'catching-up', 'verifying', 'switching'];
const LASTING = PHASES.filter((phase) => phase !== 'catching-up');
const random = seeded(SEED);

let env: Record<string, string>;
let http: string;
let talk: Talk;
let cluster: OperatedCluster;
const projectors: ServerProcess[] = [];
const servers: ServerProcess[] = [];

const launch = (roles: string): Promise<ServerProcess> =>
  launchServer({ data: temporaryFolder(), env, args: ['--roles', roles] }).ready;

beforeAll(async () => {
  env = await clusterEnv(join(temporaryFolder(), 'cluster'));
  const edge = await launch('gateway,http,relay');
  servers.push(edge);
  projectors.push(...(await Promise.all([launch('projector'), launch('projector')])));
  http = edge.http;
  talk = await startTalk(() => http, { random, chats: 6, messages: 300 });
  cluster = await operate(env, { drives: false });
}, LONG_MS);

afterAll(async () => {
  await cluster?.close();
  await Promise.all([...servers, ...projectors].map((server) => server.stop()));
  await dropClusters();
}, LONG_MS);

async function generations(): Promise<unknown> {
  const states = await cluster.admin.list();
  return states.find(({ name }) => name === 'chat-history')?.generations;
}

interface Page {
  messages: unknown[];
  next: { before: number } | null;
}

/** Pages of a chat as of one seq, again and again: the answers that differ from the first. */
function readAsOf(chatId: string, asOf: number): { stop(): Promise<{ answers: number; others: string[] }> } {
  const token = talk.users[0]?.accessToken ?? '';
  const others: string[] = [];
  const pages: string[] = [];
  let answers = 0;
  let stopped = false;
  const running = (async () => {
    while (!stopped && others.length === 0) {
      let before: number | null = null;
      for (let page = 0; ; page++) {
        const more: string = before === null ? '' : `&before=${before}`;
        const path = `/v1/chats/${chatId}/messages?limit=7&asOf=${asOf}${more}`;
        const { status, body }: Answer<Page> = await call<Page>(http, path, { token });
        const said = JSON.stringify([status, body.messages]);
        pages[page] ??= said;
        answers += 1;
        if (status !== 200 || pages[page] !== said) others.push(said);
        before = body.next?.before ?? null;
        if (before === null) break;
        await new Promise((resolve) => setTimeout(resolve, READ_EVERY_MS));
      }
    }
  })();
  return {
    async stop() {
      stopped = true;
      await running;
      return { answers, others };
    },
  };
}

test(
  `a rebuild under load outlives a kill in each phase that lasts; readers see one thing all the time (seed ${SEED})`,
  async () => {
    const load = talk.keepOn(8);
    const reading = readAsOf(talk.chats[0] ?? '', 30);
    const begun = await cluster.admin.rebuild('all', { eventsPerSecond: 60 });
    if (!begun.ok) throw new Error(begun.rejection.detail);
    const { jobId } = begun.value;
    expect(await cluster.admin.rebuild('users')).toMatchObject({ ok: false, rejection: { code: 'version-conflict' } });
    const killedIn = new Set<ProjectionJob['phase']>([null]);
    const coming: Promise<void>[] = [];
    let job: ProjectionJob;
    do {
      job = await jobUntil(cluster.admin, jobId, (seen) => hasEnded(seen) || !killedIn.has(seen.phase));
      if (hasEnded(job)) break;
      if (projectors.length === 0) await Promise.race(coming);
      await projectors.shift()?.kill();
      killedIn.add(job.phase);
      coming.push(launch('projector').then((projector) => void projectors.push(projector)));
    } while (killedIn.size <= PHASES.length);
    await Promise.all(coming);
    const ended = await jobUntil(cluster.admin, jobId, hasEnded);
    expect(ended).toMatchObject({ state: 'done', error: null });
    expect([...killedIn]).toEqual(expect.arrayContaining(LASTING));
    expect(ended.result).toMatchObject({ differencesFound: 0, sample: 1 });
    expect(await generations()).toEqual({ live: 2, building: null, previous: 1 });
    await load.stop();
    const { answers, others } = await reading.stop();
    expect(others).toEqual([]);
    expect(answers).toBeGreaterThan(10);
  },
  LONG_MS,
);

test(
  'what is live is verified at any time; the generation before is live again, and dropped',
  async () => {
    const reading = readAsOf(talk.chats[0] ?? '', 30);
    const verified = await cluster.admin.verify('all');
    if (!verified.ok) throw new Error(verified.rejection.detail);
    const { result } = await jobUntil(cluster.admin, verified.value.jobId, hasEnded);
    expect(result).toMatchObject({ differences: [] });
    expect(result?.rows).toBeGreaterThan(talk.sent());

    expect(await cluster.admin.rollback('chat-history')).toMatchObject({ ok: true });
    expect(await cluster.admin.rollback('users')).toMatchObject({ ok: true });
    expect(await generations()).toEqual({ live: 1, building: null, previous: 2 });
    expect(await cluster.admin.drop('chat-history')).toMatchObject({ ok: true });
    expect(await cluster.admin.drop('members')).toMatchObject({ ok: true });
    expect(await cluster.admin.rollback('users')).toMatchObject({ ok: false, rejection: { code: 'version-conflict' } });
    const left = () => cluster.postgres.query('SELECT 1 FROM generations WHERE state = $1', ['dropping']);
    await expect.poll(left, { timeout: LONG_MS }).toEqual([]);
    const schemas = `SELECT 1 FROM information_schema.schemata WHERE schema_name = 'generation_2'`;
    expect(await cluster.postgres.query(schemas)).toEqual([]);
    expect((await reading.stop()).others).toEqual([]);
  },
  LONG_MS,
);
