import type { Queries } from './api.ts';

/** Runs work whose reads are all of one moment as to which tables are live. */
export type Pinned = <T>(work: () => Promise<T>) => Promise<T>;

/** Each query reads one generation of the views from its beginning to its end, though another takes over meanwhile. */
export function pinnedQueries(queries: Queries, pinned: Pinned): Queries {
  const inOne =
    <A extends unknown[], T>(ask: (...args: A) => Promise<T>) =>
    (...args: A): Promise<T> =>
      pinned(() => ask(...args));
  return {
    caughtUp: queries.caughtUp,
    position: queries.position,
    chats: inOne(queries.chats),
    chat: inOne(queries.chat),
    members: inOne(queries.members),
    messages: inOne(queries.messages),
    versions: inOne(queries.versions),
    reactions: inOne(queries.reactions),
    diff: inOne(queries.diff),
    events: inOne(queries.events),
    resolve: inOne(queries.resolve),
    receipts: inOne(queries.receipts),
    users: inOne(queries.users),
    user: inOne(queries.user),
    subscriptions: inOne(queries.subscriptions),
  };
}
