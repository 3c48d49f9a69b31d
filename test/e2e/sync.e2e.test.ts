import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Frame, openSocket, signIn, type TestSocket } from '../support/protocol-client.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { asPerson, eventsOf, group, isEvent, type Person, person, say, seqsOf, ulid } from './world.ts';

let server: ServerProcess;
let ada: Person;
beforeAll(async () => {
  server = await startServerProcess();
  ada = await person(server, 'ada');
});
/** The one that is killed and started again; whatever a test leaves is stopped. */
let own: ServerProcess | undefined;
afterAll(() => Promise.all([server?.stop(), own?.stop()]));

const to = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);
const unasked = (socket: TestSocket): Frame[] => socket.frames.filter((frame) => frame['ev'] !== 'welcome');
const brief = (socket: TestSocket): string[] =>
  unasked(socket).map(({ ev, reason, seq }) => [ev, reason ?? seq ?? ''].join(' ').trim());

describe('sync by chats', () => {
  test('for each chat with news, newest first: events in order, then synced; at last caughtUp', async () => {
    const ben = await person(server, 'ben');
    const [old, fresh, quiet] = [await group(ada, [ben]), await group(ada, [ben]), await group(ada, [ben])];
    await say(ada, fresh, '1');
    await say(ada, old, '1');
    await say(ada, old, '2');
    await say(ada, fresh, '2');
    const socket = await ben.socket();
    const answer = await socket.request('sync', { chats: { [old]: 1, [fresh]: 0, [quiet]: 1 } });
    expect(answer).toEqual({ id: 'r1', ok: true, caughtUp: true, position: expect.any(String) });
    expect(unasked(socket).map((f) => [f['ev'], f['chatId'], f['seq']])).toEqual([
      ...to(3).map((seq) => ['event', fresh, seq]),
      ['synced', fresh, 3],
      ...[2, 3].map((seq) => ['event', old, seq]),
      ['synced', old, 3],
    ]);
    socket.close();
  });

  test('no push before the first sync; since: welcome.position means from now', async () => {
    const ben = await person(server, 'ben');
    const chatId = await group(ada, [ben]);
    const socket = await ben.socket();
    const { position } = await socket.until((f) => f['ev'] === 'welcome');
    await say(ada, chatId, 'between');
    await socket.request('ping');
    expect(unasked(socket)).toEqual([]);
    expect(await socket.request('sync', { since: position })).toMatchObject({ caughtUp: true });
    await say(ada, chatId, 'after');
    await socket.until(isEvent(chatId, 3));
    expect(seqsOf(socket, chatId)).toEqual([2, 3]);
    socket.close();
  });

  test('since: a position of an earlier connection brings what came since, over all chats, new ones too', async () => {
    const ben = await person(server, 'ben');
    const chatId = await group(ada, [ben]);
    const { position } = await say(ada, chatId, 'seen');
    await say(ada, chatId, 'missed');
    const other = await group(ada, [ben]);
    const socket = await ben.socket();
    await socket.request('sync', { since: position });
    const got = [...seqsOf(socket, chatId), ...seqsOf(socket, other)];
    const resyncs = unasked(socket).filter((f) => f['ev'] === 'resync');
    expect(seqsOf(socket, chatId)).toEqual([3]);
    // The new chat's beginning comes as events, or the server says that it does not.
    expect(got.length === 2 || resyncs.some((f) => f['chatId'] === other)).toBe(true);
    socket.close();
  });

  test('my chats that the map lacks: resync new; chats that I may not see: gone', async () => {
    const ben = await person(server, 'ben');
    const [mine, foreign] = [await group(ada, [ben]), await group(ada, [])];
    const nowhere = ulid();
    const socket = await ben.socket();
    await socket.request('sync', { chats: { [foreign]: 1, [nowhere]: 1 } });
    expect(unasked(socket)).toHaveLength(3);
    expect(unasked(socket)).toEqual(
      expect.arrayContaining([
        { ev: 'gone', chatId: foreign },
        { ev: 'gone', chatId: nowhere },
        { ev: 'resync', chatId: mine, headSeq: 1, reason: 'new' },
      ]),
    );
    // After a resync nothing of that chat is pushed until the client's sync.
    await say(ada, mine, 'unseen');
    const other = await group(ada, [ben]);
    await socket.until((f) => f['chatId'] === other);
    expect(seqsOf(socket, mine)).toEqual([]);
    await socket.request('sync', { chats: { [mine]: 1, [other]: 1 } });
    expect(seqsOf(socket, mine)).toEqual([2]);
    await say(ada, mine, 'live');
    await socket.until(isEvent(mine, 3));
    expect(seqsOf(socket, mine)).toEqual([2, 3]);
    socket.close();
  });

  test('a seq above the head: resync epoch', async () => {
    const ben = await person(server, 'ben');
    const chatId = await group(ada, [ben]);
    const socket = await ben.socket();
    await socket.request('sync', { chats: { [chatId]: 9 } });
    expect(unasked(socket)).toEqual([{ ev: 'resync', chatId, headSeq: 1, reason: 'epoch' }]);
    socket.close();
  });

  test('more than limit: resync far-behind; then the client pages and syncs on', async () => {
    const ben = await person(server, 'ben');
    const chatId = await group(ada, [ben]);
    for (let i = 0; i < 10; i++) await say(ada, chatId, `${i}`);
    const socket = await ben.socket();
    await socket.request('sync', { chats: { [chatId]: 0 }, limit: 5 });
    const resync = unasked(socket).find((f) => f['ev'] === 'resync');
    expect(resync).toEqual({ ev: 'resync', chatId, headSeq: 11, reason: 'far-behind' });
    expect((await eventsOf(ben, chatId)).map(({ seq }) => seq)).toEqual(to(11));
    await say(ada, chatId, 'meanwhile');
    await socket.request('sync', { chats: { [chatId]: 11 } });
    expect(seqsOf(socket, chatId)).toEqual([12]);
    socket.close();
  });

  test('more: true: new and caughtUp belong to the last call', async () => {
    const ben = await person(server, 'ben');
    const [one, two, three] = [await group(ada, [ben]), await group(ada, [ben]), await group(ada, [ben])];
    const socket = await ben.socket();
    const first = await socket.request('sync', { chats: { [one]: 0 }, more: true });
    expect(first['ok']).toBe(true);
    expect(first['caughtUp']).not.toBe(true);
    expect(brief(socket)).toEqual(['event 1', 'synced 1']);
    const last = await socket.request('sync', { chats: { [two]: 0 } });
    expect(last).toMatchObject({ caughtUp: true });
    expect(
      unasked(socket)
        .slice(2)
        .map((f) => [f['ev'], f['chatId'], f['reason'] ?? f['seq']]),
    ).toEqual(
      expect.arrayContaining([
        ['event', two, 1],
        ['synced', two, 1],
        ['resync', three, 'new'],
      ]),
    );
    expect(unasked(socket)).toHaveLength(5);
    socket.close();
  });

  test('what was pushed on this socket already does not come again', async () => {
    const ben = await person(server, 'ben');
    const chatId = await group(ada, [ben]);
    const socket = await ben.socket();
    await socket.request('sync', { chats: { [chatId]: 0 } });
    await say(ada, chatId, 'live');
    await socket.until(isEvent(chatId, 2));
    await socket.request('sync', { chats: { [chatId]: 0 } });
    await say(ada, chatId, 'live');
    await socket.until(isEvent(chatId, 3));
    expect(seqsOf(socket, chatId)).toEqual([1, 2, 3]);
    socket.close();
  });

  test('who is added gets live events from that MemberAdded on, and reads the past by events', async () => {
    const ben = await person(server, 'ben');
    const chatId = await group(ada, []);
    await say(ada, chatId, 'past');
    const socket = await ben.socket();
    await socket.request('sync', { chats: {} });
    await ada.put(`/chats/${chatId}/members/${ben.userId}`);
    await say(ada, chatId, 'live');
    await socket.until(isEvent(chatId, 4));
    expect(seqsOf(socket, chatId)).toEqual([3, 4]);
    expect((await eventsOf(ben, chatId)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    socket.close();
  });

  test('bad requests: neither, both of the wrong shape, a foreign position', async () => {
    const ben = await person(server, 'ben');
    const socket = await ben.socket();
    for (const fields of [{}, { chats: 'x' }, { chats: { [ulid()]: -1 } }, { since: 'nonsense' }, { chats: { x: 1 } }])
      expect(await socket.request('sync', fields)).toMatchObject({ ok: false, error: { code: 'bad-request' } });
    socket.close();
  });
});

describe('no gap and no duplicate', () => {
  test('while twenty write, a reader that reconnects by force ten times sees each seq once, in order', async () => {
    const ben = await person(server, 'ben');
    const writers = await Promise.all(to(20).map((i) => person(server, `w${i}`)));
    const chatId = await group(ada, [ben, ...writers]);
    const seen: number[] = [];
    let failure = '';
    const take = (frame: Frame): void => {
      if (frame['chatId'] !== chatId || frame['ev'] === 'synced') return;
      if (frame['ev'] !== 'event') failure ||= JSON.stringify(frame);
      else if (frame['seq'] !== (seen.at(-1) ?? 0) + 1) failure ||= `${String(frame['seq'])} after ${seen.at(-1)}`;
      else seen.push(frame['seq'] as number);
    };
    let writing = true;
    const done = Promise.all(
      writers.map(async (who) => {
        for (let i = 0; i < 20; i++) await say(who, chatId, `${i}`);
      }),
    ).then(() => (writing = false));
    let cuts = 0;
    while (writing || (seen.at(-1) ?? 0) < 401) {
      const socket = await ben.socket();
      socket.onFrame(take);
      const synced = await socket.request('sync', { chats: { [chatId]: seen.at(-1) ?? 0 } });
      expect(synced).toMatchObject({ ok: true });
      const target = Math.min(401, (seen.at(-1) ?? 0) + 35);
      if ((seen.at(-1) ?? 0) < target) await socket.until(isEvent(chatId, target));
      socket.cut();
      await socket.closed;
      cuts++;
    }
    await done;
    expect(failure).toBe('');
    expect(seen).toEqual(to(401));
    expect(cuts).toBeGreaterThanOrEqual(2); // the writers do not wait for the reader
  });

  test('across restarts of the server', async () => {
    own = await startServerProcess();
    let [one, two] = [await person(own, 'one'), await person(own, 'two')];
    const chatId = await group(one, [two]);
    const seen: unknown[] = [];
    let epoch: unknown;
    for (let round = 0; round < 3; round++) {
      const socket = await two.socket();
      const welcome = await socket.until((f) => f['ev'] === 'welcome');
      expect(welcome['epoch']).toBe((epoch ??= welcome['epoch']));
      await socket.request('sync', { chats: { [chatId]: seen.length } });
      const { seq } = await say(one, chatId, `${round}`);
      await socket.until(isEvent(chatId, seq));
      seen.push(...seqsOf(socket, chatId));
      await say(one, chatId, 'maybe seen');
      await own.kill();
      const late = seqsOf(socket, chatId).slice(-1)[0] as number;
      if (late > (seen.at(-1) as number)) seen.push(late);
      own = await startServerProcess({ data: own.data });
      [one, two] = [
        asPerson(own.http, await signIn(own.http, one.username)),
        asPerson(own.http, await signIn(own.http, two.username)),
      ];
    }
    const socket = await openSocket(two.gateway, two.accessToken);
    await socket.request('sync', { chats: { [chatId]: seen.length } });
    seen.push(...seqsOf(socket, chatId));
    expect(seen).toEqual(to(7));
  });
});
