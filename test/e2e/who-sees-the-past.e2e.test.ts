import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Frame } from '../support/protocol-client.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import {
  codeOf,
  eventsOf,
  group,
  history,
  live,
  type Person,
  type Point,
  person,
  say,
  seqsOf,
  summary,
} from './world.ts';

let server: ServerProcess;
let ada: Person;
let ben: Person;
let cy: Person;
beforeAll(async () => {
  server = await startServerProcess();
  [ada, ben, cy] = await Promise.all([person(server, 'ada'), person(server, 'ben'), person(server, 'cy')]);
});
afterAll(() => server?.stop());

const add = (chatId: string, who: Person): Promise<unknown> => ada.put(`/chats/${chatId}/members/${who.userId}`);
const remove = (chatId: string, who: Person): Promise<unknown> => ada.delete(`/chats/${chatId}/members/${who.userId}`);
const byType = (type: string) => (frame: Frame) => frame['ev'] === 'event' && frame['type'] === type;

describe('a viewer is a member now', () => {
  test('after the removal every path says chat-not-found', async () => {
    const chatId = await group(ada, [ben]);
    const { messageId } = await say(ada, chatId, 'x');
    await remove(chatId, ben);
    const paths = [
      '',
      '/members',
      '/messages',
      '/events',
      '/receipts',
      '/diff?from=1&to=2',
      '?asOf=2',
      '/messages?asOf=2',
    ];
    for (const path of [...paths, `/messages/${messageId}/versions`, `/messages/${messageId}/reactions`])
      expect(`${path} ${codeOf(await ben.get(`/chats/${chatId}${path}`))}`).toBe(`${path} 404 chat-not-found`);
    const { chats } = (await ben.get<{ chats: { chatId: string }[] }>('/chats')).body;
    expect(chats.map((chat) => chat.chatId)).not.toContain(chatId);
  });

  test('MemberRemoved is the last push a removed member gets, within a second', async () => {
    const chatId = await group(ada, [ben]);
    const socket = await live(ben);
    const asked = performance.now();
    await remove(chatId, ben);
    await socket.until(byType('MemberRemoved'));
    expect(performance.now() - asked).toBeLessThan(1000);
    await say(ada, chatId, 'not for ben');
    const other = await group(ada, [ben]);
    await say(ada, other, 'for ben');
    await socket.until((frame) => frame['chatId'] === other && frame['type'] === 'MessageSent');
    expect(seqsOf(socket, chatId)).toEqual([2]);
    expect(await socket.request('history', { chatId })).toMatchObject({ ok: false, error: { code: 'chat-not-found' } });
    expect(await socket.request('send', { chatId, text: 'x' })).toMatchObject({ error: { code: 'chat-not-found' } });
    socket.close();
  });

  test('a running replay ends with forbidden', async () => {
    const chatId = await group(ada, [ben]);
    for (let i = 0; i < 5; i++) await say(ada, chatId, `${i}`);
    const socket = await live(ben);
    const { replayId } = await socket.request('replay', { chatId, from: 0, to: 6, speed: 0.0001, maxGapMs: 60_000 });
    await socket.until((frame) => frame['ev'] === 'replay');
    await remove(chatId, ben);
    const end = await socket.until((frame) => frame['ev'] === 'replay-end');
    expect(end).toMatchObject({ replayId, reason: 'forbidden' });
    socket.close();
  });
});

describe('since-join', () => {
  test('hides what was before, and between leaving and coming back', async () => {
    const chatId = await group(ada, [cy], { historyVisibility: 'since-join' });
    const early = await say(ada, chatId, 'early'); // 2
    await add(chatId, ben); // 3
    const seen = await say(ada, chatId, 'seen'); // 4
    await ada.patch(`/chats/${chatId}/messages/${early.messageId}`, { text: 'early!' }); // 5
    await say(ada, chatId, 'answer', { replyTo: early.messageId }); // 6
    await remove(chatId, ben); // 7
    const missed = await say(ada, chatId, 'missed'); // 8
    await ada.patch(`/chats/${chatId}/messages/${seen.messageId}`, { text: 'seen!' }); // 9
    await ada.patch(`/chats/${chatId}`, { title: 'Between' }); // 10
    await add(chatId, ben); // 11
    await ada.patch(`/chats/${chatId}/messages/${missed.messageId}`, { text: 'missed!' }); // 12
    await ada.delete(`/chats/${chatId}/messages/${missed.messageId}`); // 13
    await ada.delete(`/chats/${chatId}/messages/${seen.messageId}`); // 14
    await say(ben, chatId, 'back'); // 15
    const events = await eventsOf(ben, chatId);
    expect(events.map((e) => (e.type === 'Hidden' ? [e.seq, 'Hidden', e.throughSeq] : [e.seq, e.type]))).toEqual([
      [3, 'MemberAdded'],
      [4, 'MessageSent'],
      [5, 'Hidden', 5],
      [6, 'MessageSent'],
      [7, 'MemberRemoved'],
      [8, 'Hidden', 10],
      [11, 'MemberAdded'],
      [12, 'Hidden', 13],
      [14, 'MessageDeleted'],
      [15, 'MessageSent'],
    ]);
    const hidden = events.find((event) => event.type === 'Hidden');
    expect(Object.keys(hidden ?? {}).sort()).toEqual(['chatId', 'position', 'seq', 'throughSeq', 'type']);
    expect(events[3]?.data['replyTo'] ?? null).toBeNull();
    const now = (await history(ben, chatId)).body.messages;
    expect(now.map(({ seq, text, deleted, replyTo }) => [seq, text, deleted, replyTo])).toEqual([
      [4, '', true, null],
      [6, 'answer', false, null],
      [15, 'back', false, null],
    ]);
    const chat = (await ben.get<{ visibleFrom: number; headSeq: number }>(`/chats/${chatId}`)).body;
    expect(chat).toMatchObject({ visibleFrom: 3, headSeq: 15 });
    expect((await summary(ben, chatId)).visibleFrom).toBe(3);
    // Inside the gap: what is visible of 1..9.
    const inside = (await history(ben, chatId, '?asOf=9')).body;
    expect(inside.messages.map(({ seq, text }) => [seq, text])).toEqual([
      [4, 'seen'],
      [6, 'answer'],
    ]);
    expect(inside.asOf.seq).toBe(9);
    // A member from the start sees everything.
    expect((await eventsOf(cy, chatId)).map(({ type }) => type)).not.toContain('Hidden');
  });

  test('nothing before visibleFrom: not-visible; from = visibleFrom - 1 is the earliest', async () => {
    const chatId = await group(ada, [], { historyVisibility: 'since-join' });
    await say(ada, chatId, 'early'); // 2
    await say(ada, chatId, 'early'); // 3
    await add(chatId, ben); // 4
    await say(ada, chatId, 'late'); // 5
    for (const path of [
      '?asOf=3',
      '?asOf=0',
      '/messages?asOf=3',
      '/messages?asOf=0',
      '/members?asOf=2',
      '/diff?from=2&to=5',
    ])
      expect(`${path} ${codeOf(await ben.get(`/chats/${chatId}${path}`))}`).toBe(`${path} 422 not-visible`);
    expect(codeOf(await ben.get(`/chats/${chatId}/messages?asOf=2000-01-01T00:00:00Z`))).toBe('422 not-visible');
    const diff = await ben.get<{ added: { text: string }[]; from: Point }>(`/chats/${chatId}/diff?from=3&to=5`);
    expect(diff.body.added.map(({ text }) => text)).toEqual(['late']);
    expect(diff.body.from.seq).toBe(3);
    const socket = await live(ben);
    expect(await socket.request('replay', { chatId, from: 2, to: 5, speed: 0 })).toMatchObject({
      ok: false,
      error: { code: 'not-visible' },
    });
    expect(await socket.request('replay', { chatId, from: 3, to: 5, speed: 0 })).toMatchObject({ ok: true });
    await socket.until((frame) => frame['ev'] === 'replay-end');
    expect(socket.frames.filter((f) => f['ev'] === 'replay').map((f) => f['seq'])).toEqual([4, 5]);
    expect((await eventsOf(ben, chatId, '?after=0')).map(({ seq }) => seq)).toEqual([4, 5]);
    socket.close();
  });

  test('live pushes hide as well: a change of an invisible message is a Hidden of one', async () => {
    const chatId = await group(ada, [], { historyVisibility: 'since-join' });
    const early = await say(ada, chatId, 'early'); // 2
    await add(chatId, ben); // 3
    const socket = await live(ben);
    await ada.patch(`/chats/${chatId}/messages/${early.messageId}`, { text: 'x' }); // 4
    await ada.put(`/chats/${chatId}/messages/${early.messageId}/reactions/${encodeURIComponent('👍')}`); // 5
    await say(ada, chatId, 'seen'); // 6
    await socket.until(byType('MessageSent'));
    const got = socket.frames.filter((frame) => frame['ev'] === 'event');
    const covered = got.flatMap((f) => {
      const first = f['seq'] as number;
      const last = (f['throughSeq'] as number | undefined) ?? first;
      return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    });
    expect(covered).toEqual([4, 5, 6]);
    expect(JSON.stringify(got.slice(0, -1))).not.toMatch(/text|emoji|actor/);
    socket.close();
  });

  test('members as of a moment inside the span, and roles of the diff', async () => {
    const chatId = await group(ada, [], { historyVisibility: 'since-join' });
    await add(chatId, ben); // 2
    await add(chatId, cy); // 3
    const at2 = await ben.get<{ members: { userId: string }[] }>(`/chats/${chatId}/members?asOf=2`);
    expect(at2.body.members.map(({ userId }) => userId).sort()).toEqual([ada.userId, ben.userId].sort());
    expect(codeOf(await cy.get(`/chats/${chatId}/members?asOf=2`))).toBe('422 not-visible');
  });
});

describe('pastContent', () => {
  const story = async (pastContent: 'then' | 'now'): Promise<{ chatId: string; messageId: string }> => {
    const chatId = await group(ada, [ben], { pastContent });
    const { messageId } = await say(ada, chatId, 'first'); // 2
    await ada.patch(`/chats/${chatId}/messages/${messageId}`, { text: 'second' }); // 3
    await ada.delete(`/chats/${chatId}/messages/${messageId}`); // 4
    return { chatId, messageId };
  };

  test.each([
    ['then', 'first', 'second', null],
    ['now', '', '', 'deleted'],
  ] as const)('%s', async (pastContent, first, second, withheld) => {
    const { chatId, messageId } = await story(pastContent);
    const past = (await history(ben, chatId, '?asOf=3')).body.messages[0];
    expect(past).toMatchObject({ text: second, withheld, deleted: false });
    const { versions } = (
      await ben.get<{ versions: { text: string; withheld: string | null }[] }>(
        `/chats/${chatId}/messages/${messageId}/versions`,
      )
    ).body;
    expect(versions.slice(0, 2).map((v) => [v.text, v.withheld])).toEqual([
      [first, withheld],
      [second, withheld],
    ]);
    const events = await eventsOf(ben, chatId);
    expect(events.slice(1, 3).map(({ data }) => [data['text'], data['withheld'] ?? null])).toEqual([
      [first, withheld],
      [second, withheld],
    ]);
    const socket = await ben.socket();
    await socket.request('sync', { chats: { [chatId]: 0 } });
    await socket.request('replay', { chatId, from: 0, to: 4, speed: 0 });
    await socket.until((frame) => frame['ev'] === 'replay-end');
    for (const ev of ['event', 'replay']) {
      const sent = socket.frames.find((f) => f['ev'] === ev && f['type'] === 'MessageSent' && f['chatId'] === chatId);
      expect((sent?.['data'] as Frame | undefined)?.['text']).toBe(first);
    }
    const diff = await ben.get<{ added: { text: string; withheld: string | null }[] }>(
      `/chats/${chatId}/diff?from=1&to=3`,
    );
    expect(diff.body.added[0]).toMatchObject({ text: second, withheld });
    const present = (await history(ben, chatId)).body.messages[0];
    expect(present).toMatchObject({ text: '', deleted: true, withheld: null, files: [], mentions: [], reactions: [] });
    socket.close();
  });
});
