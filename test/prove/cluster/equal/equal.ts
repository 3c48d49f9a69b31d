import { setTimeout as pause } from 'node:timers/promises';
import { hindsightJson } from '../../../support/cli.ts';
import { call, signIn } from '../../../support/protocol-client.ts';
import type { Seeded } from '../../../support/seeded.ts';
import { launchServer } from '../../../support/server-process.ts';
import { ensure } from '../../part.ts';
import { SERVER_ENV, USERNAMES } from '../scene.ts';
import { asInCluster, type ClusterSide, type EmbeddedSide, openCluster, openEmbedded } from './both-sides.ts';
import { clusterRows } from './cluster-rows.ts';
import { comparePages, type PagesCompared, type Seen, type Viewer } from './compare-pages.ts';
import { compareReads, subjectsOf } from './compare-reads.ts';
import { compareRows } from './compare-rows.ts';
import { embeddedRows } from './embedded-rows.ts';
import { positionsOf } from './positions.ts';

const CAUGHT_UP_WITHIN_MS = 15 * 60_000;
const LOOK_MS = 1_000;
const EVENTS_SEEN = 1_000;

export interface EqualOptions {
  /** The data folder of an embedded run that has ended. */
  readonly data: string;
  /** Settings of a cluster that holds nothing yet, and whose processes run. */
  readonly env: Record<string, string>;
  /** Of one of those processes. */
  readonly http: string;
  readonly chats: readonly string[];
  readonly pages: number;
  readonly random: Seeded;
  readonly say: (text: string) => void;
}

export interface Equality {
  readonly facts: Record<string, number>;
  readonly differences: readonly string[];
}

/** Copies an embedded run into a cluster, waits for its projectors, and holds all that can be seen of the two together. */
export async function proveEqual(options: EqualOptions): Promise<Equality> {
  const { data, env, say } = options;
  const began = performance.now();
  const migrated = await hindsightJson<{ copied: number; differenceCount: number }>(['migrate'], { data, env });
  ensure(migrated.differenceCount === 0, `the logs differ: ${JSON.stringify(migrated)}`);
  say(`${migrated.copied} events migrated and compared in ${seconds(began)} s`);
  const embedded = await openEmbedded(data);
  const cluster = await openCluster(env);
  try {
    await caughtUp(cluster, say);
    say(`the cluster’s views hold all of it after ${seconds(began)} s`);
    const [rows, pages] = [await compareSides({ embedded, cluster }, options), await askBoth(options)];
    say(`${pages.pages} answers compared, ${pages.bytes} bytes, ${pages.refused} of them refusals`);
    return {
      facts: { events: migrated.copied, ...rows.facts, pages: pages.pages, pageBytes: pages.bytes },
      differences: [...rows.differences, ...pages.differences],
    };
  } finally {
    await cluster.close();
    await embedded.close();
  }
}

const seconds = (since: number): string => ((performance.now() - since) / 1_000).toFixed(1);

async function caughtUp({ log, progress }: ClusterSide, say: (text: string) => void): Promise<void> {
  const head = await log.head();
  const until = performance.now() + CAUGHT_UP_WITHIN_MS;
  for (let said = 0; !(await progress.reached(head, LOOK_MS)); said++) {
    ensure(performance.now() < until, `the views came to ${progress.position()} of ${head}`);
    if (said % 10 === 9) say(`the views are at ${progress.position()} of ${head}`);
    await pause(LOOK_MS);
  }
}

async function compareSides(
  { embedded, cluster }: { embedded: EmbeddedSide; cluster: ClusterSide },
  { random, say }: EqualOptions,
): Promise<Equality> {
  const positions = await positionsOf({ embedded: embedded.log, cluster: cluster.log });
  const facts: Record<string, number> = {};
  const differences: string[] = [];
  const right = embeddedRows({ db: embedded.db, log: embedded.log, positions });
  for (const { table, rows, differences: found } of await compareRows({ right, found: clusterRows(cluster) })) {
    say(`${table}: ${rows} rows, ${found.length} differences`);
    facts[`rows of ${table}`] = rows;
    differences.push(...found);
  }
  const sides = {
    right: { views: asInCluster(embedded, positions, cluster.log.epoch), lookup: embedded.lookup },
    found: cluster,
  };
  for (const { reads, compared } of await compareReads(sides, subjectsOf(embedded.db), random)) {
    say(`reads of ${reads}: ${compared.rows} answers, ${compared.differences.length} differences`);
    facts[`reads of ${reads}`] = compared.rows;
    differences.push(...compared.differences.map((difference) => JSON.stringify(difference)));
  }
  return { facts, differences };
}

async function askBoth({ data, http, chats, pages, random }: EqualOptions): Promise<PagesCompared> {
  const server = await launchServer({ data, env: SERVER_ENV }).ready;
  try {
    const viewers = await Promise.all(
      USERNAMES.map(async (username): Promise<Viewer> => {
        const [embedded, cluster] = await Promise.all([signIn(server.http, username), signIn(http, username)]);
        ensure(embedded.userId === cluster.userId, `${username} is somebody else in the cluster`);
        return {
          username,
          embedded: { http: server.http, token: embedded.accessToken },
          cluster: { http, token: cluster.accessToken },
        };
      }),
    );
    const seen = await Promise.all(chats.flatMap((chatId) => viewers.map((viewer) => lookAt(viewer, chatId, random))));
    return await comparePages(
      seen.filter((each) => each !== null),
      { random, pages },
    );
  } finally {
    await server.stop();
  }
}

/** Null where the viewer is no member. */
async function lookAt(viewer: Viewer, chatId: string, random: Seeded): Promise<Seen | null> {
  const { http, token } = viewer.embedded;
  const path = `/v1/chats/${chatId}`;
  const chat = await call<{ asOf: { seq: number; at: string }; visibleFrom: number }>(http, path, { token });
  if (chat.status === 404) return null;
  const { asOf, visibleFrom } = chat.body;
  const after = Math.max(visibleFrom - 1, random.below(asOf.seq) - EVENTS_SEEN / 2);
  const events = await call<{ events: { at: string; type: string; data?: { messageId?: string } }[] }>(
    http,
    `${path}/events?after=${after}&limit=${EVENTS_SEEN}`,
    { token },
  );
  const messageIds = events.body.events.flatMap(({ data }) => data?.messageId ?? []);
  const first = await call<{ asOf: { at: string | null } }>(http, `${path}?asOf=${visibleFrom}`, { token });
  const firstAt = Date.parse(first.body.asOf.at ?? asOf.at);
  return { chatId, viewer, head: asOf.seq, firstAt, lastAt: Date.parse(asOf.at), messageIds };
}
