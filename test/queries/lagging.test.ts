import { expect, test } from 'vitest';
import { parsePosition } from '../../events/position.ts';
import { createQueries, type Queries } from '../../queries/index.ts';
import type { ParkedChat } from '../../queries/parked/view.ts';
import { positionOf } from '../support/naive-state.ts';
import { ANN, BOB, CID, DEE, type Scene, scene, type Told } from './scene.ts';
import { codeOf, valueOf } from './suite.ts';

const SINCE = Date.UTC(2026, 1, 3, 10);
const LAGGING = { headSeq: expect.any(Number), since: '2026-02-03T10:00:00.000Z' };

interface Parked {
  readonly stage: Scene;
  readonly chat: Told;
  readonly queries: Queries;
  /** The event that a view could not take, and its place. */
  readonly stopped: ParkedChat;
  /** The first seq that is not held. */
  readonly seq: number;
}

/** The views stand before an event of the chat, and nobody says that they are behind. */
function parked(): Parked {
  const stage = scene();
  const chat = stage.tell();
  chat.say(ANN, 'one');
  const poison = chat.say(ANN, 'two');
  const position = positionOf(poison);
  stage.views.hold(position - 1, 0);
  const stopped = { chatId: chat.chatId, position, since: SINCE };
  const of = async (chatId: string) => (chatId === chat.chatId ? stopped : null);
  const queries = createQueries({ ...stage.views.deps, parked: { of, all: async () => [stopped] } });
  return { stage, chat, queries, stopped, seq: poison.seq };
}

test('says how far it goes, how far the chat does, and since when', async () => {
  const { chat, queries, stopped, seq } = parked();
  const last = chat.say(BOB, 'three').seq;
  const page = valueOf(await queries.messages(ANN, chat.chatId, { limit: 10 }));
  expect(page.asOf.seq).toBe(seq - 1);
  expect(page.lagging).toEqual({ ...LAGGING, headSeq: last });
  expect(parsePosition(page.position)?.position).toBe(stopped.position - 1);
  expect(valueOf(await queries.chat(ANN, chat.chatId))).toMatchObject({ lagging: LAGGING });
  expect(valueOf(await queries.members(ANN, chat.chatId, { limit: 10 }))).toMatchObject({ lagging: LAGGING });
  expect(valueOf(await queries.receipts(ANN, chat.chatId))).toMatchObject({ lagging: LAGGING });
  const list = valueOf(await queries.chats(ANN, { limit: 10 }));
  expect(list.chats).toMatchObject([{ chatId: chat.chatId, lagging: LAGGING }]);
  expect(parsePosition(list.position)?.position).toBe(stopped.position - 1);
});

test('is behind where more is asked for than it holds', async () => {
  const { chat, queries, stopped, seq } = parked();
  expect(codeOf(await queries.messages(ANN, chat.chatId, { limit: 10, asOf: { seq } }))).toBe('behind');
  expect(await queries.caughtUp(stopped.position - 1, 0, chat.chatId)).toBe(true);
  expect(await queries.caughtUp(stopped.position - 1, 0)).toBe(true);
  expect(await queries.caughtUp(stopped.position, 0, chat.chatId)).toBe(false);
});

test('lets in whom the log lets in, and nobody else', async () => {
  const { chat, queries } = parked();
  chat.leave(BOB);
  expect(codeOf(await queries.messages(BOB, chat.chatId, { limit: 10 }))).toBe('chat-not-found');
  expect(valueOf(await queries.chats(BOB, { limit: 10 })).chats).toEqual([]);
  chat.join(DEE);
  expect(codeOf(await queries.messages(DEE, chat.chatId, { limit: 10 }))).toBe('behind');
});

test('a socket hears of all chats of its user, as far as they go', async () => {
  const { chat, queries } = parked();
  const joined = chat.join(CID).seq;
  const { chatId } = chat;
  expect(valueOf(await queries.subscriptions(ANN, 0))).toMatchObject([{ chatId, headSeq: joined }]);
  expect(valueOf(await queries.subscriptions(CID, 0))).toMatchObject([{ chatId, headSeq: joined }]);
});
