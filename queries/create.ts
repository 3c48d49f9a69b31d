import type { Outcome } from '../events/error-codes.ts';
import type { AsOf, Queries } from './api.ts';
import { open } from './as-of.ts';
import { messages } from './chat-history/messages.ts';
import { reactions } from './chat-history/reactions.ts';
import { versions } from './chat-history/versions.ts';
import { events } from './chat-log/events.ts';
import type { QueryDeps } from './deps.ts';
import { diff } from './diff/diff.ts';
import { members } from './members/members.ts';
import { unlessRebuilding } from './rebuilding.ts';
import { chat } from './user-chats/chat.ts';
import { chats } from './user-chats/chats.ts';
import { receipts } from './user-chats/receipts.ts';
import { subscriptions } from './user-chats/subscriptions.ts';
import { user, users } from './users/users.ts';

const CHATS = ['user-chats', 'chat-history'] as const;
const USERS = ['user-chats'] as const;

/** The read side over its readers. What comes from the log itself is there while views are rebuilt too. */
export function createQueries(deps: QueryDeps): Queries {
  const ofChats = <T>(read: () => Promise<Outcome<T>>) => unlessRebuilding(deps, CHATS, read);
  const ofUsers = <T>(read: () => Promise<Outcome<T>>) => unlessRebuilding(deps, USERS, read);
  return {
    caughtUp: (position, withinMs) => deps.progress.reached(position, withinMs),
    chats: (userId, page) => ofChats(() => chats(deps, userId, page)),
    chat: (userId, chatId, asOf) => ofChats(() => chat(deps, { userId, chatId }, asOf)),
    members: (userId, chatId, page) => ofChats(() => members(deps, { userId, chatId }, page)),
    messages: (userId, chatId, page) => ofChats(() => messages(deps, { userId, chatId }, page)),
    versions: (userId, chatId, messageId) => ofChats(() => versions(deps, { userId, chatId }, messageId)),
    reactions: (userId, chatId, messageId, page) =>
      ofChats(() => reactions(deps, { userId, chatId }, { ...page, messageId })),
    diff: (userId, chatId, from, to) => ofChats(() => diff(deps, { userId, chatId }, { from, to })),
    events: (userId, chatId, page) => events(deps, { userId, chatId }, page),
    resolve: (userId, chatId, point) =>
      ofChats(async () => {
        const opened = await open(deps, { userId, chatId }, point);
        return opened.ok ? { ok: true, value: opened.value.asOf satisfies AsOf } : opened;
      }),
    receipts: (userId, chatId) => ofChats(() => receipts(deps, { userId, chatId })),
    users: (query) => ofUsers(() => users(deps, query)),
    user: (userId) => ofUsers(() => user(deps, userId)),
    subscriptions: (userId, atLeast) => ofUsers(() => subscriptions(deps, userId, atLeast)),
    position: () => deps.progress.position(),
  };
}
