import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { clusterEnv, dropClusters } from '../../support/cluster.ts';
import { launchServer, type ServerProcess, temporaryFolder } from '../../support/server-process.ts';
import { messageWith, openStage, register, type Stage, startWith, write } from './browser.ts';

/** The page comes from a process without a gateway; the socket goes to a process without a page. */
let stage: Stage;
let env: Record<string, string>;
const data = temporaryFolder();
const gateways: ServerProcess[] = [];
/** Three processes and two pages start in it. */
const WITHIN_MS = 180_000;
/** Names are taken once: a test that is tried again has its own. */
let attempt = 0;

const launch = (name: string, roles: string, more: Record<string, string> = {}): Promise<ServerProcess> =>
  launchServer({ data: join(data, name), args: ['--roles', roles], env: { ...env, ...more } }).ready;

async function startGateway(name: string, origins: string = stage.server.http): Promise<ServerProcess> {
  const gateway = await launch(name, 'gateway', { HINDSIGHT_ORIGINS: origins });
  gateways.push(gateway);
  return gateway;
}

beforeAll(async () => {
  env = await clusterEnv(data);
  stage = await openStage({ start: () => launch('page', 'http,relay,projector,deliveries'), patienceMs: WITHIN_MS });
});
afterEach(() => Promise.all(gateways.splice(0).map(({ stop }) => stop())));
afterAll(async () => {
  await stage.close();
  await dropClusters();
});

/** It was loaded again by itself. */
const isFresh = (page: Page): Promise<void> =>
  expect
    .poll(() => page.evaluate<boolean>(`'hindsight.reloadedAt' in sessionStorage`).catch(whileItLoads), {
      timeout: WITHIN_MS,
    })
    .toBe(true);
const whileItLoads = (): boolean => false;
const isLive = (page: Page): Promise<void> => page.getByRole('status').filter({ hasText: 'Live' }).waitFor();

describe('the console of a cluster whose gateways are processes of their own', () => {
  it(
    'signs in, sends, and shows what arrives, also through a gateway that came after the page',
    async () => {
      stage.troubles.splice(0);
      const first = await startGateway('first');
      const [doras, emils] = [`dora${++attempt}`, `emil${attempt}`];
      const [dora, emil] = [await register(stage, doras, 'Dora'), await register(stage, emils, 'Emil')];
      await startWith(dora, { username: emils, displayName: 'Emil' });
      await write(dora, 'Hello Emil');
      await emil.getByRole('button', { name: /Dora.*Hello Emil/ }).click();
      await messageWith(emil, 'Hello Emil').waitFor();
      expect(stage.troubles.filter((trouble) => !trouble.includes('404'))).toEqual([]); // it asks whether this is a demo

      await startGateway('second');
      await first.stop();
      await Promise.all([isFresh(dora), isFresh(emil)]);
      await Promise.all([isLive(dora), isLive(emil)]);
      await write(dora, 'Are you still there?');
      await messageWith(emil, 'Are you still there?').waitFor();
      await write(emil, 'I am');
      await messageWith(dora, 'I am').waitFor();
    },
    WITHIN_MS,
  );

  it(
    'is refused by a gateway that was not told where it is, which says so when it starts',
    async () => {
      const gateway = await startGateway('untold', '');
      await expect
        .poll(gateway.output, { timeout: WITHIN_MS })
        .toContain('no page of a browser may connect to this gateway');
      const socket = new WebSocket(gateway.gateway, ['hindsight.v1', 'bearer.x'], { origin: stage.server.http });
      const error = await new Promise<Error>((resolve) => socket.once('error', resolve));
      expect(error.message).toContain('403');
    },
    WITHIN_MS,
  );
});
