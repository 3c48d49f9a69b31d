import { setImmediate as nextTurn } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { userStream } from '../../events/streams.ts';
import type { CommandsDeps } from '../ports.ts';

const KNOWN_MAX_USERS = 50_000;
const READS_AT_ONCE = 64;
/** So few are sooner read than looked up first. */
const LOOK_UP_FROM_USERS = 16;

/** Those of the users that do not exist. `some`: where one is found, the others need not be. */
export type MissingUsers = (userIds: readonly string[], which: 'all' | 'some') => Promise<ReadonlySet<string>>;

/** By their streams. Who exists is remembered: users are never removed. */
export function createKnownUsers({
  store,
  users,
  onFault,
}: Pick<CommandsDeps, 'store' | 'users' | 'onFault'>): MissingUsers {
  const known = new LRUCache<string, true>({ max: KNOWN_MAX_USERS });
  const unknown = (userIds: Iterable<string>): string[] => [...userIds].filter((userId) => !known.has(userId));
  const isMissing = async (userId: string): Promise<boolean> => {
    const [first] = await store.readStream(userStream(userId), { limit: 1 });
    if (first) known.set(userId, true);
    return first === undefined;
  };
  async function lookUp(userIds: readonly string[]): Promise<string[]> {
    if (!users || userIds.length < LOOK_UP_FROM_USERS) return [...userIds];
    try {
      const found = await users.existing(userIds);
      for (const userId of found) known.set(userId, true);
      return userIds.filter((userId) => !found.has(userId));
    } catch (error) {
      onFault?.('users are read one by one', error);
      return [...userIds];
    }
  }
  return async (userIds, which) => {
    const missing = new Set<string>();
    const asked = await lookUp(unknown(new Set(userIds)));
    for (let i = 0; i < asked.length; i += READS_AT_ONCE) {
      if (which === 'some' && missing.size > 0) break;
      if (i > 0) await nextTurn(); // reads may be answered at once: a group of thousands must not hold up everybody else
      const some = asked.slice(i, i + READS_AT_ONCE);
      const answers = await Promise.all(some.map(isMissing));
      some.forEach((userId, n) => answers[n] && missing.add(userId));
    }
    return missing;
  };
}
