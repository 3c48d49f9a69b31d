import type { Outcome } from '../events/error-codes.ts';
import type { ChatId } from '../events/ids.ts';
import type { AsOf, Queries } from './api.ts';
import { open } from './as-of.ts';
import { messages } from './chat-history/messages.ts';
import { reactions } from './chat-history/reactions.ts';
import { versions } from './chat-history/versions.ts';
import { events } from './chat-log/events.ts';
import type { QueryDeps } from './deps.ts';
import { diff } from './diff/diff.ts';
import { members } from './members/members.ts';
import { chatReached, tellLagging } from './parked/lagging.ts';
import { chat } from './user-chats/chat.ts';
import { chats } from './user-chats/chats.ts';
import { receipts } from './user-chats/receipts.ts';
import { subscriptions } from './user-chats/subscriptions.ts';
import { user, users } from './users/users.ts';

/** The readers that a query keeps from its beginning to its end: all of one generation of each view. */
export interface Pinning {
  now(): Promise<QueryDeps>;
  /** Without asking anybody: for what the log answers where the views cannot be asked. */
  last(): QueryDeps;
}

/** The read side over its readers: always the same ones, or those that are live when a query begins. */
export function createQueries(latest: QueryDeps, pinning?: Pinning): Queries {
  const { progress } = latest;
  const pinned = async <T>(read: (deps: QueryDeps) => Promise<T>): Promise<T> =>
    read(pinning ? await pinning.now() : latest);
  const ofChat = <T extends object>(chatId: ChatId, read: (deps: QueryDeps) => Promise<Outcome<T>>) =>
    pinned((deps) => tellLagging(deps, chatId, () => read(deps)));
  return {
    caughtUp: async (position, withinMs, chatId) =>
      (await progress.reached(position, withinMs)) &&
      (chatId === undefined || (await chatReached(latest, { position, withinMs, chatId }))),
    chats: (userId, page) => pinned((deps) => chats(deps, userId, page)),
    chat: (userId, chatId, asOf) => ofChat(chatId, (deps) => chat(deps, { userId, chatId }, asOf)),
    members: (userId, chatId, page) => ofChat(chatId, (deps) => members(deps, { userId, chatId }, page)),
    messages: (userId, chatId, page) => ofChat(chatId, (deps) => messages(deps, { userId, chatId }, page)),
    versions: (userId, chatId, messageId) => ofChat(chatId, (deps) => versions(deps, { userId, chatId }, messageId)),
    reactions: (userId, chatId, messageId, page) =>
      ofChat(chatId, (deps) => reactions(deps, { userId, chatId }, { ...page, messageId })),
    diff: (userId, chatId, from, to) => ofChat(chatId, (deps) => diff(deps, { userId, chatId }, { from, to })),
    events: (userId, chatId, page) => events(pinning?.last() ?? latest, { userId, chatId }, page),
    resolve: (userId, chatId, point) =>
      pinned(async (deps) => {
        const opened = await open(deps, { userId, chatId }, point);
        return opened.ok ? { ok: true, value: opened.value.asOf satisfies AsOf } : opened;
      }),
    receipts: (userId, chatId) => ofChat(chatId, (deps) => receipts(deps, { userId, chatId })),
    users: (query) => pinned((deps) => users(deps, query)),
    user: (userId) => pinned((deps) => user(deps, userId)),
    subscriptions: (userId, atLeast) => pinned((deps) => subscriptions(deps, userId, atLeast)),
    position: () => progress.position(),
  };
}
