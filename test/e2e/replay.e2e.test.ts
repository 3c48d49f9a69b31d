import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Frame, TestSocket } from '../support/protocol-client.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { eventsOf, group, isEvent, live, type Message, type Person, person, say } from './world.ts';

let server: ServerProcess;
let ada: Person;
let ben: Person;
let chatId: string;
let socket: TestSocket;
beforeAll(async () => {
  server = await startServerProcess();
  [ada, ben] = await Promise.all([person(server, 'ada'), person(server, 'ben')]);
  chatId = await group(ada, [ben]);
  const { messageId } = await say(ada, chatId, 'one'); // 2
  await ben.put(`/chats/${chatId}/messages/${messageId}/reactions/${encodeURIComponent('👍')}`); // 3
  await say(ben, chatId, 'two'); // 4
  await ada.patch(`/chats/${chatId}/messages/${messageId}`, { text: 'uno' }); // 5
  await say(ben, chatId, 'three'); // 6
  await ada.delete(`/chats/${chatId}/messages/${messageId}`); // 7
  for (let i = 0; i < 5; i++) await say(ada, chatId, `${i}`); // 8 to 12
  socket = await live(ben);
});
afterAll(async () => {
  socket?.close();
  await server?.stop();
});

const end = (replayId: unknown): Promise<Frame> =>
  socket.until((frame) => frame['ev'] === 'replay-end' && frame['replayId'] === replayId);
const played = (replayId: unknown): unknown[] =>
  socket.frames.filter((f) => f['ev'] === 'replay' && f['replayId'] === replayId).map((f) => f['seq']);
const start = async (fields: Frame): Promise<unknown> => {
  const answer = await socket.request('replay', { chatId, ...fields });
  expect(answer).toEqual({ id: expect.any(String), ok: true, replayId: expect.any(String) });
  return answer['replayId'];
};
const control = (replayId: unknown, action: string, fields: Frame = {}): Promise<Frame> =>
  socket.request('replay-control', { replayId, action, ...fields });
/** So slow that nothing but the first comes on its own. */
const SLOW = { speed: 0.000_01, maxGapMs: 600_000 };

describe('replay', () => {
  test('from exclusive, to inclusive, as fast as read; each frame is the event', async () => {
    const replayId = await start({ from: 2, to: 6, speed: 0 });
    expect(await end(replayId)).toEqual({ ev: 'replay-end', replayId, reason: 'end' });
    expect(played(replayId)).toEqual([3, 4, 5, 6]);
    const event = (await eventsOf(ben, chatId, '?after=2&limit=1'))[0];
    expect(socket.frames.find((f) => f['replayId'] === replayId && f['seq'] === 3)).toEqual({
      ev: 'replay',
      replayId,
      ...event,
    });
  });

  test('points are as in asOf: times too', async () => {
    const events = await eventsOf(ben, chatId);
    const replayId = await start({ from: events[1]?.at, to: '2100-01-01T00:00:00Z', speed: 0 });
    await end(replayId);
    expect(played(replayId)).toEqual(
      events.map(({ seq }) => seq).filter((seq) => seq > (played(replayId)[0] as number) - 1),
    );
    expect(played(replayId).at(-1)).toBe(events.length);
  });

  test('an empty range ends at once; beyond the end is as-of-unknown; foreign chats do not exist', async () => {
    await end(await start({ from: 4, to: 4, speed: 0 }));
    const foreign = await group(ada, []);
    const codes = [
      await socket.request('replay', { chatId, from: 0, to: 999, speed: 0 }),
      await socket.request('replay', { chatId: foreign, from: 0, to: 1, speed: 0 }),
      await socket.request('replay', { chatId, from: 0, to: 1, speed: -1 }),
    ].map((frame) => (frame['error'] as Frame)['code']);
    expect(codes).toEqual(['as-of-unknown', 'chat-not-found', 'bad-request']);
  });

  test('history asOf=from plus the replay equals history asOf=to', async () => {
    const page = async (asOf: number): Promise<Message[]> =>
      (await socket.request('history', { chatId, asOf, limit: 200 }))['messages'] as Message[];
    const texts = new Map((await page(3)).map(({ messageId, text }) => [messageId, text]));
    const replayId = await start({ from: 3, to: 10, speed: 0 });
    await end(replayId);
    for (const frame of socket.frames.filter((f) => f['replayId'] === replayId && f['ev'] === 'replay')) {
      const data = frame['data'] as { messageId: string; text: string };
      if (frame['type'] === 'MessageSent' || frame['type'] === 'MessageEdited') texts.set(data.messageId, data.text);
      if (frame['type'] === 'MessageDeleted') texts.set(data.messageId, '');
    }
    expect([...texts]).toEqual((await page(10)).map(({ messageId, text }) => [messageId, text]));
  });

  test('live pushes go on while a replay waits', async () => {
    const replayId = await start({ from: 0, to: 8, ...SLOW });
    const { seq } = await say(ada, chatId, 'live');
    await socket.until(isEvent(chatId, seq));
    expect(await control(replayId, 'stop')).toMatchObject({ ok: true });
    expect(await end(replayId)).toMatchObject({ reason: 'stopped' });
  });

  test('at most four on a socket', async () => {
    const ids = [];
    for (let i = 0; i < 4; i++) ids.push(await start({ from: 0, to: 8, ...SLOW }));
    expect(await socket.request('replay', { chatId, from: 0, to: 8, ...SLOW })).toMatchObject({ ok: false });
    for (const id of ids) {
      await control(id, 'stop');
      await end(id);
    }
    await end(await start({ from: 0, to: 8, speed: 0 }));
    expect(ids).toHaveLength(4);
  });
});

describe('replay-control', () => {
  test('a change of speed lets a slow one run', async () => {
    const replayId = await start({ from: 0, to: 8, ...SLOW });
    expect(Object.keys(await control(replayId, 'resume', { speed: 0 })).sort()).toEqual(['id', 'ok']);
    expect(await end(replayId)).toMatchObject({ reason: 'end' });
    expect(played(replayId)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('pause holds it, resume lets it go on without a gap', async () => {
    const replayId = await start({ from: 0, to: 8, ...SLOW });
    await control(replayId, 'pause');
    const held = played(replayId).length;
    await control(replayId, 'pause', { speed: 0 });
    await socket.request('ping');
    expect(played(replayId)).toHaveLength(held);
    await control(replayId, 'resume', { speed: 0 });
    await end(replayId);
    expect(played(replayId)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('seek: events follow from there, forwards and back', async () => {
    const replayId = await start({ from: 0, to: 8, ...SLOW });
    await control(replayId, 'pause');
    const before = played(replayId).length;
    expect(await control(replayId, 'seek', { to: 6 })).toMatchObject({ ok: true });
    await control(replayId, 'resume', { speed: 0 });
    await end(replayId);
    expect(played(replayId).slice(before)).toEqual([7, 8]);
    const back = await start({ from: 4, to: 8, ...SLOW });
    await control(back, 'pause');
    const held = played(back).length;
    await control(back, 'seek', { to: 5 });
    await control(back, 'resume', { speed: 0 });
    await end(back);
    expect(played(back).slice(held)).toEqual([6, 7, 8]);
  });

  test('an ended or unknown replay is said so', async () => {
    const replayId = await start({ from: 0, to: 2, speed: 0 });
    await end(replayId);
    expect(await control(replayId, 'pause')).toMatchObject({ ok: false, error: { code: 'not-found' } });
    expect(await control(replayId, 'nonsense')).toMatchObject({ ok: false, error: { code: 'bad-request' } });
  });
});
