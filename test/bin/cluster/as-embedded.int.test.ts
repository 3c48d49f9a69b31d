import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { proveEqual } from '../../prove/cluster/equal/equal.ts';
import { playScene, SERVER_ENV } from '../../prove/cluster/scene.ts';
import { clusterEnv, dropClusters } from '../../support/cluster.ts';
import { testFolder } from '../../support/folder.ts';
import { ircLogs } from '../../support/irc-logs.ts';
import { seeded } from '../../support/seeded.ts';
import { launchServer } from '../../support/server-process.ts';

const SEED = 17;
const LOGS = 2;
const WITHIN_MS = 300_000;
const quiet = (): void => undefined;

/** Imported messages have the same ids each time: a second try must not find what the first one has left. */
afterEach(dropClusters, WITHIN_MS);

test(`a cluster holds and answers what the embedded run does (seed ${SEED})`, { timeout: WITHIN_MS }, async () => {
  const random = seeded(SEED);
  const root = testFolder();
  const data = join(root, 'embedded');
  const files = ircLogs()
    .days.slice(0, LOGS)
    .map(({ path }) => path);
  const counts = { changes: 150, heat: 300, comings: 80 };
  const { chats } = await playScene({ data, random, files, ...counts, say: quiet });
  const env = await clusterEnv(join(root, 'cluster'));
  const server = await launchServer({ data: join(root, 'process'), env: { ...env, ...SERVER_ENV } }).ready;
  try {
    const { http } = server;
    const { facts, differences } = await proveEqual({ data, env, http, chats, pages: 300, random, say: quiet });
    expect(differences).toEqual([]);
    expect(facts).toMatchObject({ pages: 300 });
    expect(facts['rows of chat history: folds']).toBeGreaterThan(1);
  } finally {
    await server.stop();
  }
});
