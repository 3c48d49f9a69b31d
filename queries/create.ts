import type { AsOf, Queries } from './api.ts';
import { open } from './as-of.ts';
import { messages } from './chat-history/messages.ts';
import { reactions } from './chat-history/reactions.ts';
import { versions } from './chat-history/versions.ts';
import { events } from './chat-log/events.ts';
import type { QueryDeps } from './deps.ts';
import { diff } from './diff/diff.ts';
import { members } from './members/members.ts';
import { chat } from './user-chats/chat.ts';
import { chats } from './user-chats/chats.ts';
import { receipts } from './user-chats/receipts.ts';
import { subscriptions } from './user-chats/subscriptions.ts';
import { user, users } from './users/users.ts';

/** The read side over its readers. */
export const createQueries = (deps: QueryDeps): Queries => ({
  caughtUp: (position, withinMs) => deps.progress.reached(position, withinMs),
  chats: (userId, page) => chats(deps, userId, page),
  chat: (userId, chatId, asOf) => chat(deps, { userId, chatId }, asOf),
  members: (userId, chatId, page) => members(deps, { userId, chatId }, page),
  messages: (userId, chatId, page) => messages(deps, { userId, chatId }, page),
  versions: (userId, chatId, messageId) => versions(deps, { userId, chatId }, messageId),
  reactions: (userId, chatId, messageId, page) => reactions(deps, { userId, chatId }, { ...page, messageId }),
  diff: (userId, chatId, from, to) => diff(deps, { userId, chatId }, { from, to }),
  events: (userId, chatId, page) => events(deps, { userId, chatId }, page),
  resolve: async (userId, chatId, point) => {
    const opened = await open(deps, { userId, chatId }, point);
    return opened.ok ? { ok: true, value: opened.value.asOf satisfies AsOf } : opened;
  },
  receipts: (userId, chatId) => receipts(deps, { userId, chatId }),
  users: (query) => users(deps, query),
  user: (userId) => user(deps, userId),
  subscriptions: (userId, atLeast) => subscriptions(deps, userId, atLeast),
  position: () => deps.progress.position(),
});
