import { expect, test } from 'vitest';
import { parsePosition } from '../../events/position.ts';
import type { ChatSummary } from '../../queries/index.ts';
import { positionOf } from '../support/naive-state.ts';
import { userId } from '../support/random-chat.ts';
import { ANN, BOB, CID, DEE, type Scene, scene, type Told } from './scene.ts';
import { codeOf, valueOf } from './suite.ts';

async function summary({ queries }: Scene, viewer: string, chat: Told): Promise<ChatSummary | undefined> {
  return valueOf(await queries.chats(viewer, { limit: 100 })).chats.find(({ chatId }) => chatId === chat.chatId);
}

test('unread counts what others sent after my mark', async () => {
  const stage = scene();
  const chat = stage.tell();
  chat.say(ANN, 'one');
  const two = chat.say(ANN, 'two');
  expect(await summary(stage, BOB, chat)).toMatchObject({ unread: 2, readSeq: 1, lastMessage: { text: 'two' } });
  chat.remove(two);
  expect(await summary(stage, BOB, chat)).toMatchObject({ unread: 2, lastMessage: { text: '', deleted: true } });
  stage.views.mark(chat.chatId, BOB, { readSeq: two.seq, deliveredSeq: two.seq });
  expect(await summary(stage, BOB, chat)).toMatchObject({ unread: 0, readSeq: two.seq });
  chat.say(ANN, 'three');
  expect(await summary(stage, BOB, chat)).toMatchObject({ unread: 1 });
  const mine = chat.say(BOB, 'I have read it');
  expect(await summary(stage, BOB, chat)).toMatchObject({ unread: 0, readSeq: mine.seq });
  expect(await summary(stage, ANN, chat)).toMatchObject({ unread: 1 });
});

test('a mark begins at the own latest coming', async () => {
  const stage = scene();
  const chat = stage.tell();
  chat.say(ANN, 'one');
  chat.join(CID);
  expect(await summary(stage, CID, chat)).toMatchObject({ unread: 0, readSeq: 3, visibleFrom: 1 });
  chat.say(ANN, 'two');
  expect(await summary(stage, CID, chat)).toMatchObject({ unread: 1 });
  chat.leave(CID);
  chat.say(ANN, 'three');
  const back = chat.join(CID).seq;
  expect(await summary(stage, CID, chat)).toMatchObject({ unread: 0, readSeq: back });
  expect(valueOf(await stage.queries.chat(CID, chat.chatId))).toMatchObject({
    readSeq: back,
    headSeq: back,
    role: 'member',
  });
});

test('the last message is the last that one sees', async () => {
  const stage = scene();
  const chat = stage.tell({ historyVisibility: 'since-join' });
  chat.say(ANN, 'before');
  chat.join(CID);
  expect(await summary(stage, CID, chat)).toMatchObject({ lastMessage: null, unread: 0, visibleFrom: 3 });
  chat.say(ANN, 'seen');
  chat.leave(CID);
  for (let i = 0; i < 500; i++) chat.say(ANN, `missed ${i}`);
  chat.join(CID);
  expect(await summary(stage, CID, chat)).toMatchObject({ lastMessage: { text: 'seen' }, unread: 0 });
  expect(await summary(stage, BOB, chat)).toMatchObject({ lastMessage: { text: 'missed 499' } });
});

test('a direct chat has a peer and no title', async () => {
  const stage = scene();
  const chat = stage.tell({ kind: 'direct' });
  expect(await summary(stage, ANN, chat)).toMatchObject({ peerId: BOB, title: null, memberCount: 2 });
  expect(valueOf(await stage.queries.chat(BOB, chat.chatId))).toMatchObject({ kind: 'direct', peerId: ANN });
});

test('the list is by newest message; what moves up while it is paged is found by its position', async () => {
  const stage = scene();
  const chats = Array.from({ length: 7 }, () => stage.tell());
  for (const chat of chats) chat.say(ANN, 'hello');
  chats[0]?.rename('no message, so it does not move');
  const first = valueOf(await stage.queries.chats(BOB, { limit: 3 }));
  expect(first.chats.map(({ chatId }) => chatId)).toEqual(
    chats
      .slice(4)
      .toReversed()
      .map(({ chatId }) => chatId),
  );
  const moved = chats[1] as Told;
  moved.say(ANN, 'up I go');
  const rest: string[] = [];
  let { position } = first;
  for (let cursor = first.next; cursor !== null; ) {
    const page = valueOf(await stage.queries.chats(BOB, { limit: 3, cursor }));
    rest.push(...page.chats.map(({ chatId }) => chatId));
    ({ position, next: cursor } = page);
  }
  expect(rest).toEqual([chats[3], chats[2], chats[0]].map((chat) => chat?.chatId));
  expect(position).toBe(first.position);
  const changedAfter = parsePosition(position)?.position ?? 0;
  const changed = valueOf(await stage.queries.chats(BOB, { limit: 3, changedAfter }));
  expect(changed.chats.map(({ chatId }) => chatId)).toEqual([moved.chatId]);
  chats[5]?.rename('any event counts');
  expect(valueOf(await stage.queries.chats(BOB, { limit: 1, changedAfter })).chats[0]?.chatId).toBe(moved.chatId);
  const two = valueOf(await stage.queries.chats(BOB, { limit: 1, changedAfter }));
  const next = valueOf(await stage.queries.chats(BOB, { limit: 1, cursor: two.next ?? '' }));
  expect([next.chats[0]?.chatId, next.next]).toEqual([chats[5]?.chatId, null]);
});

test('chats that one left are not listed, nor subscribed to', async () => {
  const stage = scene();
  const [stays, leaves] = [stage.tell({ historyVisibility: 'since-join' }), stage.tell()];
  stays.join(CID);
  leaves.join(CID);
  const last = leaves.leave(CID);
  const { queries } = stage;
  expect(valueOf(await queries.chats(CID, { limit: 10 })).chats.map(({ chatId }) => chatId)).toEqual([stays.chatId]);
  expect(valueOf(await queries.subscriptions(CID, positionOf(last)))).toEqual([
    {
      chatId: stays.chatId,
      headSeq: 2,
      memberCount: 3,
      historyVisibility: 'since-join',
      pastContent: 'then',
      visibleFrom: 2,
      spans: [{ from: 2, to: null }],
    },
  ]);
});

test('subscriptions are never answered from before the asked position', async () => {
  const stage = scene();
  const chat = stage.tell();
  const held = positionOf(chat.events[0] as never);
  const came = positionOf(chat.join(CID));
  stage.views.hold(held);
  expect(codeOf(await stage.queries.subscriptions(CID, came))).toBe('behind');
  stage.views.onWait((position) => stage.views.hold(position));
  expect(valueOf(await stage.queries.subscriptions(CID, came))).toHaveLength(1);
  expect(await stage.queries.caughtUp(came, 0)).toBe(true);
  expect(stage.queries.position()).toBe(came);
});

test('receipts of all are told in small chats, in large ones only the own', async () => {
  const stage = scene();
  const chat = stage.tell();
  chat.say(ANN, 'one');
  stage.views.mark(chat.chatId, BOB, { readSeq: 2, deliveredSeq: 2 });
  expect(valueOf(await stage.queries.receipts(ANN, chat.chatId)).receipts).toEqual([
    { userId: ANN, readSeq: 2, deliveredSeq: 2 },
    { userId: BOB, readSeq: 2, deliveredSeq: 2 },
  ]);
  for (let i = 0; i < 98; i++) chat.join(userId(200 + i));
  expect(valueOf(await stage.queries.receipts(ANN, chat.chatId)).receipts).toHaveLength(100);
  chat.join(DEE);
  expect(valueOf(await stage.queries.receipts(ANN, chat.chatId)).receipts.map((each) => each.userId)).toEqual([ANN]);
});
