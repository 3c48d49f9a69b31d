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
  test('while people write: what was acknowledged before it began is there, and what is there is as it was', {
    timeout: 120_000,
  }, async () => {
    const chatId = await group(ada, [ben]);
    let writing = true;
    let acked = 1;
    const write = async (): Promise<void> => {
      while (writing) acked = (await say(ada, chatId, `message ${acked}`)).seq;
    };
    const writer = write();
    const out = join(temporaryFolder(), 'backup');
    const kept: number[] = [];
    for (let run = 1; run <= 3; run++) {
      kept.push(acked);
      expect(await hindsight(server.data, ['backup', '--out', out, '--json'])).toMatchObject({ code: 0 });
    }
    expect(await hindsight(server.data, ['backup', 'verify', out, '--against-log'])).toMatchObject({ code: 0 });
    writing = false;
    await writer;
    expect(acked).toBeGreaterThan(kept.at(-1) ?? 0);

    const folder = join(temporaryFolder(), 'restored');
    expect(await hindsight(folder, ['restore', '--from', out, '--json'])).toMatchObject({ code: 0 });
    const own = await startServerProcess({ data: folder });
    const back = asPerson(own.http, await signIn(own.http, ada.username));
    const past = await eventsOf(back, chatId, '?limit=1000');
    const all = await eventsOf(ada, chatId, '?limit=1000');
    expect(past.length).toBeGreaterThanOrEqual(kept.at(-1) ?? 0);
    const elsewhere = (events: typeof past): object[] => events.map((event) => ({ ...event, position: '' }));
    expect(elsewhere(past)).toEqual(elsewhere(all.slice(0, past.length)));
    const { lastMessage } = await summary(back, chatId);
    expect(lastMessage?.seq).toBe(past.length);
    await own.stop();
    expect(await hindsight(folder, ['projections', 'verify', 'all'])).toMatchObject({ code: 0 });
  });

  test('nothing of before a restore is good any more: sessions, positions, what a client has', async () => {
    const chatId = await group(ada, [ben]);
    const { position } = await say(ada, chatId, 'kept');
    const out = join(temporaryFolder(), 'backup');
    expect((await hindsight(server.data, ['backup', '--out', out, '--json'])).code).toBe(0);
    const folder = join(temporaryFolder(), 'restored');
    expect(await hindsight(folder, ['restore', '--from', out, '--json'])).toMatchObject({ code: 0 });
    const own = await startServerProcess({ data: folder });
    const stale = asPerson(own.http, ada);
    expect(codeOf(await stale.get('/chats'))).toBe('401 unauthenticated');
    const { refreshToken } = ada;
    const renewal = await call(own.http, '/v1/sessions/refresh', { body: { refreshToken } });
    expect(codeOf(renewal)).toBe('401 unauthenticated');

    const back = asPerson(own.http, await signIn(own.http, ada.username));
    expect(codeOf(await back.get(`/chats?minPosition=${encodeURIComponent(position)}`))).toBe('409 epoch-changed');
    const socket = await back.socket();
    const { epoch } = await socket.until(({ ev }) => ev === 'welcome');
    expect(position.startsWith(`${String(epoch)}-`)).toBe(false);
    await socket.request('sync', { since: position });
    expect(await socket.until(({ ev }) => ev === 'resync')).toMatchObject({ all: true, reason: 'epoch' });
    await own.stop();
  });
});
