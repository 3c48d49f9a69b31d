import type { CommandsDeps, Timer } from './ports.ts';

/**
 * What only makes commands faster must not hold them up where it falls silent: each command has `COMMAND_DEADLINE_MS`, and
 * the others of its chat wait behind it. The log answers too, but for what lies far back in a long chat: so lookups get longer.
 */
export const SNAPSHOT_WAIT_MS = 500;
export const LOOKUP_WAIT_MS = 1_000;
/** What did not answer in time is not asked again for so long. */
export const REST_MS = 5_000;

/** The snapshots and the lookups, each left out for a while after it kept somebody waiting. */
export function impatient(
  { snapshots, lookup, users }: Pick<CommandsDeps, 'snapshots' | 'lookup' | 'users'>,
  timer: Timer,
): Pick<CommandsDeps, 'snapshots' | 'lookup' | 'users'> {
  const askSnapshots = impatiently(timer, SNAPSHOT_WAIT_MS);
  const askLookup = impatiently(timer, LOOKUP_WAIT_MS);
  const askUsers = impatiently(timer, LOOKUP_WAIT_MS);
  return {
    snapshots: {
      load: (stream) => askSnapshots(() => snapshots.load(stream), null),
      save: (stream, revision, state) => snapshots.save(stream, revision, state),
    },
    lookup: { find: (query) => askLookup(() => lookup.find(query), { throughSeq: 0, found: new Map() }) },
    ...(users && { users: { existing: (userIds) => askUsers(() => users.existing(userIds), new Set<string>()) } }),
  };
}

/** Rejects with the one that was late; while it rests, the answer is `instead`, at once and without a word. */
function impatiently(timer: Timer, waitMs: number): <T>(ask: () => Promise<T>, instead: T) => Promise<T> {
  let restsUntil = Number.NEGATIVE_INFINITY;
  return (ask, instead) => {
    if (timer.now() < restsUntil) return Promise.resolve(instead);
    return new Promise((resolve, reject) => {
      const cancel = timer.after(waitMs, () => {
        restsUntil = timer.now() + REST_MS;
        reject(new Error(`no answer in ${waitMs} ms: it is left out for ${REST_MS} ms`));
      });
      void ask().then(resolve, reject).finally(cancel);
    });
  };
}
