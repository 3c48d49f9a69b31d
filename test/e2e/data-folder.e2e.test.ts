import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call, signIn } from '../support/protocol-client.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/server-process.ts';
import { asPerson, codeOf, eventsOf, group, hindsight, history, type Person, person, say, summary } from './world.ts';

/** What is so because everything lies in one folder: the other files here hold for a cluster too, and are run on one. */
let server: ServerProcess;
let ada: Person;
let ben: Person;
beforeAll(async () => {
  server = await startServerProcess();
  [ada, ben] = await Promise.all([person(server, 'ada'), person(server, 'ben')]);
});
afterAll(() => server?.stop());

describe('the data folder', () => {
  test('addresses.json once ready: http, gateway, pid; /readyz is 200', async () => {
    const addresses = JSON.parse(readFileSync(join(server.data, 'addresses.json'), 'utf8')) as Record<string, unknown>;
    expect(addresses).toEqual({ http: server.http, gateway: server.gateway, pid: server.pid });
    expect(server.output()).toContain(server.http);
    for (const path of [
      '/healthz',
      '/livez',
      '/readyz',
      '/startupz',
      '/metrics',
      '/openapi.json',
      '/asyncapi.json',
      '/docs',
    ])
      expect(`${path} ${(await fetch(`${server.http}${path}`)).status}`).toBe(`${path} 200`);
    const [open, asynced] = [await call(server.http, '/openapi.json'), await call(server.http, '/asyncapi.json')];
    expect(open.body['openapi']).toMatch(/^3\.1/);
    expect(asynced.body['asyncapi']).toMatch(/^3\./);
  });

  test('while stopped views.db may be deleted: everything is back', async () => {
    const own = await startServerProcess();
    const who = await person(own, 'who');
    const chatId = await group(who, [], { title: 'Kept' });
    await say(who, chatId, 'hello');
    const before = (await history(who, chatId)).body;
    await own.stop();
    for (const file of readdirSync(own.data)) if (file.startsWith('views.db')) rmSync(join(own.data, file));
    const next = await startServerProcess({ data: own.data });
    const back = asPerson(next.http, who);
    expect((await history(back, chatId, `?minPosition=${encodeURIComponent(before.position)}`)).body).toMatchObject({
      messages: before.messages,
      title: 'Kept',
    });
    expect((await summary(back, chatId)).headSeq).toBe(2);
    expect((await hindsight(own.data, ['projections', 'verify', 'all', '--json'])).code).toBe(0);
    await next.stop();
  });

  test('a second server on the same folder is refused; the first goes on', async () => {
    const run = await hindsight(server.data, ['serve'], {
      env: { HINDSIGHT_PORT: '0', HINDSIGHT_GATEWAY_PORT: '0', HINDSIGHT_DEMO: 'false' },
    });
    expect(run.code).not.toBe(0);
    expect((await ada.get('/me')).status).toBe(200);
    expect(existsSync(join(server.data, 'addresses.json'))).toBe(true);
  });

  test('flag > environment > default; some but not all of the cluster settings is an error', async () => {
    const folder = temporaryFolder();
    type Check = { settings: Record<string, { value: unknown; from: string }> };
    const run = await hindsight(folder, ['config', 'check', '--json', '--data', `${folder}-flag`], {
      env: { HINDSIGHT_PORT: '4321' },
    });
    const { settings } = JSON.parse(run.stdout) as Check;
    expect([settings['data'], settings['port'], settings['host']]).toMatchObject([
      { value: `${folder}-flag` },
      { value: 4321 },
      { value: '127.0.0.1' },
    ]);
    const half = await hindsight(folder, ['config', 'check', '--json'], {
      env: { HINDSIGHT_KAFKA_BROKERS: 'localhost:9092' },
    });
    expect(half.code).not.toBe(0);
    const bad = await hindsight(folder, ['serve'], { env: { HINDSIGHT_PORT: 'many' } });
    expect(bad.code).not.toBe(0);
  });
});

describe('backup and restore', () => {
  test('beside a running server; the restored log has a new epoch and the same past', async () => {
    const chatId = await group(ada, [ben]);
    await say(ada, chatId, 'kept');
    const out = join(temporaryFolder(), 'backup');
    expect((await hindsight(server.data, ['backup', '--out', out, '--json'])).code).toBe(0);
    await say(ada, chatId, 'after the backup');
    const folder = join(temporaryFolder(), 'restored');
    expect(await hindsight(folder, ['restore', '--from', out, '--json'])).toMatchObject({ code: 0 });
    const own = await startServerProcess({ data: folder });
    const back = asPerson(own.http, await signIn(own.http, ada.username));
    expect((await eventsOf(back, chatId)).map(({ seq }) => seq)).toEqual([1, 2]);
    const epochs = [];
    for (const who of [ada, back])
      epochs.push((await (await who.socket()).until((f) => f['ev'] === 'welcome'))['epoch']);
    expect(epochs[0]).not.toBe(epochs[1]);
    const old = (await ada.get<{ position: string }>('/chats')).body.position;
    expect(codeOf(await back.get(`/chats?minPosition=${encodeURIComponent(old)}`))).toBe('409 epoch-changed');
    await own.stop();
  });
});
