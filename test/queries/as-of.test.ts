import { expect, test } from 'vitest';
import { positionOf } from '../support/naive-state.ts';
import { ANN, BOB, CID, scene, type Told } from './scene.ts';
import { codeOf, valueOf } from './suite.ts';

const last = (chat: Told): number => chat.events.length;
const timeOf = (chat: Told, seq: number): number => Date.parse(chat.events[seq - 1]?.at ?? '');

test('before the first event there is an empty chat, pinned at 0', async () => {
  const { queries, tell } = scene();
  const chat = tell();
  chat.say(ANN, 'hello');
  for (const asOf of [{ seq: 0 }, { time: timeOf(chat, 1) - 1 }]) {
    const page = valueOf(await queries.messages(ANN, chat.chatId, { limit: 10, asOf }));
    expect(page).toMatchObject({ asOf: { seq: 0, at: null }, title: null, memberCount: 0, messages: [], next: null });
    expect(valueOf(await queries.members(ANN, chat.chatId, { limit: 10, asOf })).members).toEqual([]);
    expect(valueOf(await queries.chat(ANN, chat.chatId, asOf))).toMatchObject({
      headSeq: 0,
      memberCount: 0,
      role: 'admin',
    });
  }
});

test('beyond the end is unknown, on every path; the future is now', async () => {
  const { queries, tell } = scene({ clock: () => Date.UTC(2027, 0, 1) });
  const chat = tell();
  const { data } = chat.say(ANN, 'hello');
  const asOf = { seq: last(chat) + 1 };
  for (const outcome of [
    await queries.messages(ANN, chat.chatId, { limit: 10, asOf }),
    await queries.chat(ANN, chat.chatId, asOf),
    await queries.members(ANN, chat.chatId, { limit: 10, asOf }),
    await queries.reactions(ANN, chat.chatId, data.messageId, { limit: 10, asOf }),
    await queries.diff(ANN, chat.chatId, { seq: 0 }, asOf),
    await queries.diff(ANN, chat.chatId, asOf, { seq: 1 }),
    await queries.resolve(ANN, chat.chatId, asOf),
  ]) {
    expect(codeOf(outcome)).toBe('as-of-unknown');
  }
  const future = valueOf(await queries.messages(ANN, chat.chatId, { limit: 10, asOf: { time: Date.UTC(2028, 0, 1) } }));
  expect(future.asOf).toEqual({ seq: last(chat), at: chat.events.at(-1)?.at });
});

test('an instant that several events share is the last of them', async () => {
  const { queries, tell } = scene();
  const chat = tell();
  for (let i = 0; i < 40; i++) chat.say(ANN, `message ${i}`);
  const times = chat.events.map(({ at }) => Date.parse(at));
  expect(new Set(times).size).toBeLessThan(times.length);
  for (const time of times.flatMap((t) => [t - 1, t, t + 1])) {
    const expected = times.filter((t) => t <= time).length;
    expect(valueOf(await queries.resolve(ANN, chat.chatId, { time })).seq).toBe(expected);
  }
});

test('who came later sees nothing from before, and a range may set out just before their coming', async () => {
  const { queries, tell } = scene();
  const chat = tell({ historyVisibility: 'since-join' });
  chat.say(ANN, 'secret');
  const came = chat.join(CID).seq;
  chat.say(ANN, 'welcome');
  for (const point of [{ seq: 0 }, { seq: 1 }, { seq: came - 1 }, { time: timeOf(chat, 1) - 1 }]) {
    expect(codeOf(await queries.resolve(CID, chat.chatId, point))).toBe('not-visible');
    expect(codeOf(await queries.diff(CID, chat.chatId, { seq: came }, point))).toBe('not-visible');
  }
  expect(codeOf(await queries.resolve(CID, chat.chatId, { seq: came - 2, exclusive: true }))).toBe('not-visible');
  expect(valueOf(await queries.resolve(CID, chat.chatId, { seq: came - 1, exclusive: true })).seq).toBe(came - 1);
  const diff = valueOf(await queries.diff(CID, chat.chatId, { seq: came - 1 }, { seq: last(chat) }));
  expect(diff.members.added).toEqual([CID]);
  expect(diff.added.map(({ text }) => text)).toEqual(['welcome']);
  expect(valueOf(await queries.resolve(ANN, chat.chatId, { seq: 0 }))).toEqual({ seq: 0, at: null });
});

test('a diff runs forwards and over at most 10,000 events', async () => {
  const { queries, tell } = scene();
  const chat = tell();
  chat.say(ANN, 'hello');
  expect(codeOf(await queries.diff(ANN, chat.chatId, { seq: 2 }, { seq: 1 }))).toBe('bad-request');
  expect(valueOf(await queries.diff(ANN, chat.chatId, { seq: 0 }, { seq: 0 })).to).toEqual({ seq: 0, at: null });
  for (let i = 0; i < 10_000; i++) chat.say(ANN, 'x');
  expect(codeOf(await queries.diff(ANN, chat.chatId, { seq: 0 }, { seq: last(chat) }))).toBe('range-too-long');
});

test('a diff is bounded in bytes as well, in its events and in the older messages that they change', async () => {
  const { queries, tell } = scene();
  const chat = tell();
  const said = Array.from({ length: 600 }, () => chat.say(ANN, '\u{1F989}'.repeat(8_000)));
  const middle = last(chat);
  const diff = async (from: number, to: number) => queries.diff(ANN, chat.chatId, { seq: from }, { seq: to });
  expect(codeOf(await diff(0, middle))).toBe('range-too-long');
  expect(valueOf(await diff(0, 11)).added).toHaveLength(10);
  for (const message of said) chat.remove(message);
  expect(codeOf(await diff(middle, last(chat)))).toBe('range-too-long');
  expect(valueOf(await diff(middle, middle + 10)).deleted).toHaveLength(10);
});

test('a view that lags is waited for, and what it still lacks is never answered from less', async () => {
  const { views, queries, tell } = scene();
  const chat = tell();
  const held = chat.say(ANN, 'one');
  const ahead = chat.say(ANN, 'two');
  views.hold(positionOf(held));
  for (const asOf of [{ seq: ahead.seq }, { time: Date.parse(ahead.at) }]) {
    expect(codeOf(await queries.messages(ANN, chat.chatId, { limit: 10, asOf }))).toBe('behind');
    expect(codeOf(await queries.chat(ANN, chat.chatId, asOf))).toBe('behind');
    expect(codeOf(await queries.resolve(ANN, chat.chatId, asOf))).toBe('behind');
    expect(codeOf(await queries.diff(ANN, chat.chatId, { seq: 0 }, asOf))).toBe('behind');
  }
  expect(codeOf(await queries.messages(ANN, chat.chatId, { limit: 10, asOf: { seq: ahead.seq + 1 } }))).toBe(
    'as-of-unknown',
  );
  const now = valueOf(await queries.messages(ANN, chat.chatId, { limit: 10 }));
  expect([now.asOf.seq, now.messages.length]).toEqual([held.seq, 1]);

  const waitedFor: number[] = [];
  views.onWait((position) => {
    waitedFor.push(position);
    views.hold(position);
  });
  const page = valueOf(await queries.messages(ANN, chat.chatId, { limit: 10, asOf: { seq: ahead.seq } }));
  expect(page.messages.map(({ text }) => text)).toEqual(['one', 'two']);
  expect(waitedFor).toEqual([positionOf(ahead)]);
});

test('an instant is not answered from a chat log that may lack a later event of before it', async () => {
  const { views, queries, tell } = scene({ chatLogLags: true });
  const chat = tell();
  const held = chat.say(ANN, 'one');
  let ahead = chat.say(ANN, 'two');
  while (ahead.at === held.at) ahead = chat.say(ANN, 'two');
  const then = Date.parse(ahead.at);
  views.hold(positionOf(held));
  expect(codeOf(await queries.resolve(ANN, chat.chatId, { time: then }))).toBe('behind');
  expect(codeOf(await queries.resolve(ANN, chat.chatId, { seq: ahead.seq }))).toBe('behind');
  expect(codeOf(await queries.resolve(ANN, chat.chatId, { seq: ahead.seq + 1 }))).toBe('as-of-unknown');
  expect(valueOf(await queries.resolve(ANN, chat.chatId, { time: Date.parse(held.at) - 1 })).seq).toBeLessThan(
    held.seq,
  );
  views.onWait((position) => views.hold(position));
  expect(valueOf(await queries.resolve(ANN, chat.chatId, { time: then })).seq).toBe(ahead.seq);
});

test('who was let go while they waited is not answered', async () => {
  const { views, queries, tell } = scene();
  const chat = tell();
  const held = chat.say(ANN, 'one');
  const ahead = chat.say(ANN, 'two');
  const left = chat.leave(BOB);
  views.hold(positionOf(held));
  views.onWait(() => views.hold(positionOf(left)));
  expect(codeOf(await queries.messages(BOB, chat.chatId, { limit: 10, asOf: { seq: ahead.seq } }))).toBe(
    'chat-not-found',
  );
});

test('a chat that the views do not know yet is behind for its members, unknown to everyone else', async () => {
  const { views, queries, tell } = scene();
  const chat = tell();
  views.hold(0);
  expect(codeOf(await queries.messages(ANN, chat.chatId, { limit: 10 }))).toBe('behind');
  expect(codeOf(await queries.chat(BOB, chat.chatId))).toBe('behind');
  expect(codeOf(await queries.chat(CID, chat.chatId))).toBe('chat-not-found');
  expect(codeOf(await queries.chat(ANN, '01HZZZZZZZC000000000000777'))).toBe('chat-not-found');
  views.onWait((position) => views.hold(position));
  expect(codeOf(await queries.chat(ANN, chat.chatId))).toBe('ok');
});

test('over a second of lag the log itself says who may read; within it a leaving may take that second', async () => {
  const { views, queries, tell } = scene();
  const chat = tell();
  const held = chat.say(ANN, 'one');
  chat.leave(BOB);
  chat.say(ANN, 'without Bob');
  views.hold(positionOf(held), 900);
  const answer = valueOf(await queries.messages(BOB, chat.chatId, { limit: 10 }));
  expect(answer.asOf.seq).toBe(held.seq);
  expect(codeOf(await queries.events(BOB, chat.chatId, { after: 0, limit: 10 }))).toBe('chat-not-found');
  views.hold(positionOf(held), 1_001);
  expect(codeOf(await queries.messages(BOB, chat.chatId, { limit: 10 }))).toBe('chat-not-found');
  expect(valueOf(await queries.chats(BOB, { limit: 10 })).chats).toEqual([]);
  expect(valueOf(await queries.chats(ANN, { limit: 10 })).chats).toHaveLength(1);
});

test('a cursor keeps to its point while events keep coming', async () => {
  const { queries, tell } = scene();
  const chat = tell();
  const message = chat.say(ANN, 'hello');
  for (const user of [ANN, BOB]) chat.react(user, message);
  for (let i = 0; i < 8; i++) chat.say(BOB, `message ${i}`);
  const pin = last(chat);
  const [page, people, hands] = [
    valueOf(await queries.messages(ANN, chat.chatId, { limit: 4 })),
    valueOf(await queries.members(ANN, chat.chatId, { limit: 1 })),
    valueOf(await queries.reactions(ANN, chat.chatId, message.data.messageId, { limit: 1 })),
  ];
  chat.join(CID);
  chat.react(CID, message);
  chat.edit(message, 'changed');
  expect(page.next).toEqual({ before: page.messages[0]?.seq, asOf: pin });
  const older = valueOf(
    await queries.messages(ANN, chat.chatId, {
      limit: 10,
      before: page.next && 'before' in page.next ? page.next.before : 0,
      asOf: { seq: pin },
    }),
  );
  expect(older.messages.map(({ text }) => text)).toEqual(['hello', 'message 0', 'message 1', 'message 2', 'message 3']);
  expect(older.next).toBeNull();
  const morePeople = valueOf(await queries.members(ANN, chat.chatId, { limit: 10, cursor: people.next ?? '' }));
  expect([morePeople.members.map(({ userId }) => userId), morePeople.asOf.seq]).toEqual([[BOB], pin]);
  const moreHands = valueOf(
    await queries.reactions(ANN, chat.chatId, message.data.messageId, { limit: 10, cursor: hands.next ?? '' }),
  );
  expect([moreHands.reactions.map(({ userId }) => userId), moreHands.asOf.seq]).toEqual([[BOB], pin]);
  expect(codeOf(await queries.members(ANN, chat.chatId, { limit: 10, cursor: 'bm9uc2Vuc2U' }))).toBe('bad-request');
  expect(codeOf(await queries.messages(ANN, chat.chatId, { limit: 10, before: 4, after: 2 }))).toBe('bad-request');
});

test('a page costs as many reads as of any point as it does now, however many messages it shows', async () => {
  const { views, queries, tell } = scene();
  const chat = tell();
  for (let i = 0; i < 150; i++) chat.say(ANN, `message ${i}`);
  const cost = async (limit: number, asOf?: { seq: number }): Promise<number> => {
    views.calls();
    await queries.messages(ANN, chat.chatId, { limit, ...(asOf ? { asOf } : {}) });
    return views.calls();
  };
  const latest = await cost(50);
  expect(await cost(5)).toBe(latest);
  expect(await cost(50, { seq: 100 })).toBe(latest);
  expect(latest).toBeLessThanOrEqual(6);
});
