import { setTimeout as pause } from 'node:timers/promises';
import { createClusterAdmin } from '../../bin/cluster/admin.ts';
import { openGenerations, type ViewGenerations } from '../../bin/cluster/generations/open.ts';
import { openCassandra, postgresOptions } from '../../bin/cluster/reach-server.ts';
import type { EventLog } from '../../events/event-store.ts';
import type { ProjectionAdmin, ProjectionJob } from '../../gateway/http/ops/port.ts';
import { isCluster, loadConfig } from '../../infra/config.ts';
import { openEventStoreDb } from '../../infra/eventstoredb/event-store.ts';
import { createCheckpoints } from '../../infra/postgres/checkpoints.ts';
import { openPostgres, type Postgres } from '../../infra/postgres/pool.ts';
import { createUlidFactory } from '../../infra/system/ids.ts';
import { call, type SignedIn, signUp } from './protocol-client.ts';
import type { Seeded } from './seeded.ts';

/** A cluster beside its processes, as an operator's shell sees it. */
export interface OperatedCluster {
  readonly admin: ProjectionAdmin;
  readonly postgres: Postgres;
  readonly log: EventLog;
  readonly views: ViewGenerations;
  close(): Promise<void>;
}

/** `drives`: false, where jobs are for the cluster's own processes alone. */
export async function operate(env: Record<string, string>, { drives = true } = {}): Promise<OperatedCluster> {
  const { config } = loadConfig({}, env);
  if (!isCluster(config)) throw new Error('the settings are not those of a cluster');
  const fault = (): void => undefined;
  const options = postgresOptions(config, { name: 'tests', fault });
  const postgres = openPostgres(options);
  const cassandra = await openCassandra(config, 'tests');
  const log = await openEventStoreDb({ url: config.eventstoreUrl, heartbeat: null });
  const checkpoints = createCheckpoints(postgres);
  const views = openGenerations({
    log,
    postgres,
    postgresOptions: options,
    cassandra,
    checkpoints,
    partitions: config.partitions,
    owner: createUlidFactory()(),
    record: async () => undefined,
    onFault: fault,
  });
  const driver = drives
    ? views.driver
    : { drive: (lease: Parameters<typeof views.driver.drive>[0]) => void views.jobs.release(lease) };
  return {
    admin: createClusterAdmin({ ...views, driver, log, checkpoints, clock: Date.now }),
    postgres,
    log,
    views,
    async close() {
      await views.close();
      await log.close();
      await cassandra.close();
      await postgres.close();
    },
  };
}

export interface Talk {
  readonly users: readonly SignedIn[];
  readonly chats: readonly string[];
  /** How many messages were sent. */
  sent(): number;
  /** Sends on, at about so many a second, until it is told to stop. */
  keepOn(perSecond: number): { stop(): Promise<void> };
}

const MEMBERS = 4;
const LOOK_EVERY_MS = 50;

/** Users who talk in some chats, by HTTP. */
export async function startTalk(
  http: () => string,
  { random, chats: count, messages }: { random: Seeded; chats: number; messages: number },
): Promise<Talk> {
  const ulid = createUlidFactory();
  const users: SignedIn[] = [];
  for (let n = 0; n < MEMBERS; n++) users.push(await signUp(http(), `talker_${n}_${random.below(1_000_000)}`));
  const [owner] = users as [SignedIn];
  const chats: string[] = [];
  for (let n = 0; n < count; n++) {
    const chatId = ulid();
    const body = { kind: 'group', chatId, title: `talk ${n}`, members: users.slice(1).map(({ userId }) => userId) };
    const { status } = await call(http(), '/v1/chats', { token: owner.accessToken, body });
    if (status !== 201) throw new Error(`chat: ${status}`);
    chats.push(chatId);
  }
  let sent = 0;
  const sentIds: { chatId: string; messageId: string }[] = [];
  async function say(): Promise<void> {
    const user = random.pick(users);
    const token = user.accessToken;
    const chatId = random.pick(chats);
    const old = sentIds.length > 0 && random.below(4) === 0 ? random.pick(sentIds) : null;
    if (old) {
      const emoji = encodeURIComponent('👍');
      const path = `/v1/chats/${old.chatId}/messages/${old.messageId}/reactions/${emoji}`;
      await call(http(), path, { method: 'PUT', token, body: { commandId: ulid() } });
      return;
    }
    const messageId = ulid();
    const body = { messageId, text: `message ${sent}` };
    const { status } = await call(http(), `/v1/chats/${chatId}/messages`, { token, body });
    if (status !== 201 && status !== 200) return;
    sent += 1;
    sentIds.push({ chatId, messageId });
  }
  for (let n = 0; n < messages; n++) await say();
  return {
    users,
    chats,
    sent: () => sent,
    keepOn(perSecond) {
      let stopped = false;
      const running = (async () => {
        while (!stopped) {
          await say().catch(() => undefined); // a server that is killed answers nobody
          await pause(1_000 / perSecond);
        }
      })();
      return {
        stop() {
          stopped = true;
          return running;
        },
      };
    },
  };
}

/** Looks until it is so, or throws. */
export async function jobUntil(
  admin: ProjectionAdmin,
  jobId: string,
  holds: (job: ProjectionJob) => boolean,
  withinMs = 120_000,
): Promise<ProjectionJob> {
  for (const until = performance.now() + withinMs; ; ) {
    const job = await admin.job(jobId);
    if (job && holds(job)) return job;
    if (performance.now() > until) throw new Error(`not so within ${withinMs} ms: ${JSON.stringify(job)}`);
    await pause(LOOK_EVERY_MS);
  }
}

export const hasEnded = ({ state }: ProjectionJob): boolean => state !== 'running' && state !== 'paused';
