import { setImmediate as nextTurn } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { EventStore } from '../../events/event-store.ts';
import { userStream } from '../../events/streams.ts';

const KNOWN_MAX_USERS = 50_000;
const READS_AT_ONCE = 64;

/** Which of the users do not exist, by their streams. Who exists is remembered: users are never removed. */
export function createKnownUsers(store: EventStore): (userIds: readonly string[]) => Promise<ReadonlySet<string>> {
  const known = new LRUCache<string, true>({ max: KNOWN_MAX_USERS });
  const isMissing = async (userId: string): Promise<boolean> => {
    const [first] = await store.readStream(userStream(userId), { limit: 1 });
    if (first) known.set(userId, true);
    return first === undefined;
  };
  return async (userIds) => {
    const missing = new Set<string>();
    const asked = [...new Set(userIds)].filter((userId) => !known.has(userId));
    for (let i = 0; i < asked.length; i += READS_AT_ONCE) {
      if (i > 0) await nextTurn(); // reads may be answered at once: a group of thousands must not hold up everybody else
      const some = asked.slice(i, i + READS_AT_ONCE);
      const answers = await Promise.all(some.map(isMissing));
      some.forEach((userId, n) => answers[n] && missing.add(userId));
    }
    return missing;
  };
}
