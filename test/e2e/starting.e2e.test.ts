import { describe, expect, test } from 'vitest';
import { startServerProcess } from '../support/server-process.ts';
import { asPerson, eventsOf, group, hindsightJson, type Page, person, say } from './world.ts';

const WITHIN_MS = 20_000;

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

  test.each([
    ['a view', [['pause', 'chat-history']]],
    [
      'a view and its rebuild',
      [
        ['pause', 'chat-history'],
        ['rebuild', 'chat-history', '--detach', '--rate', '1'],
        ['pause', 'chat-history'],
      ],
    ],
  ])('with %s paused and behind: it is up, other views are compared, and it resumes the view', async (_, acts) => {
    const own = await startServerProcess();
    const who = await person(own, 'who');
    const chatId = await group(who, []);
    for (const act of acts) await hindsightJson(own.data, ['projections', ...act]);
    await say(who, chatId, 'while it is paused');
    await own.stop();
    expect(await hindsightJson(own.data, ['projections', 'verify', 'users'])).toMatchObject({ differencesFound: 0 });
    const next = await startServerProcess({ data: own.data });
    const { projections } = await hindsightJson<{ projections: { name: string; state: string }[] }>(own.data, [
      'projections',
      'list',
    ]);
    expect(projections.find(({ name }) => name === 'chat-history')?.state).toBe('paused');
    await hindsightJson(own.data, ['projections', 'resume', 'chat-history']);
    const again = asPerson(next.http, who);
    await expect
      .poll(async () => (await again.get<Page>(`/chats/${chatId}/messages`)).body.messages?.length, {
        timeout: WITHIN_MS,
      })
      .toBe(1);
    await next.stop();
  });
});
