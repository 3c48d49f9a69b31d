import { describe, expect, test } from 'vitest';
import { startServerProcess, temporaryFolder } from '../support/server-process.ts';
import { asPerson, eventsOf, group, hindsight, person } from './world.ts';

describe('starting', () => {
  test('SIGTERM: exit 0 within 10 s, with sockets open and commands going on', async () => {
    const own = await startServerProcess();
    const who = await person(own, 'who');
    const chatId = await group(who, []);
    const socket = await who.socket();
    const sends = Promise.allSettled(
      Array.from({ length: 50 }, (_, i) => socket.request('send', { chatId, text: `${i}` })),
    );
    const asked = performance.now();
    expect(await own.stop()).toBe(0);
    expect(performance.now() - asked).toBeLessThan(10_000);
    const answered = (await sends).flatMap((one) =>
      one.status === 'fulfilled' && one.value['ok'] === true ? [one.value['seq']] : [],
    );
    const next = await startServerProcess({ data: own.data });
    const there = new Set((await eventsOf(asPerson(next.http, who), chatId)).map(({ seq }) => seq));
    expect(answered.every((seq) => there.has(seq as number))).toBe(true);
    await next.stop();
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
