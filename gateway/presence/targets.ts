import type { UserId } from '../../events/ids.ts';
import { partitionOf } from '../../events/partition.ts';
import type { Signals } from '../signals/port.ts';
import { WATCH_EXPIRES_MS, WATCH_RENEW_MS, WATCH_USERS_MAX } from './limits.ts';

/** Somebody of whom others here want to know whether they are online. */
interface Target<W> {
  readonly watchers: Set<W>;
  /** How many of the watchers belong to which slot: answers are sent there. */
  readonly slots: Map<number, number>;
  /** Null until it is known. */
  online: boolean | null;
  heardAt: number;
}

/** Whom the sockets of this gateway watch, and what is known of them. */
export interface Targets<W> {
  watch(userId: UserId, watcher: W): void;
  unwatch(userId: UserId, watcher: W): void;
  /** Null until it is known. */
  online(userId: UserId): boolean | null;
  watchers(userId: UserId): ReadonlySet<W>;
  /** False where nobody here has asked. */
  heard(userId: UserId, online: boolean): boolean;
  /** Asks anew for a part of all, so that everybody is asked for once in `WATCH_RENEW_MS`; answers who is not heard of any more. */
  renew(): UserId[];
}

/** They are asked for anew one part after the other. */
export const RENEW_PARTS = 10;
export const RENEW_PART_MS = WATCH_RENEW_MS / RENEW_PARTS;

export function createTargets<W extends { readonly userId: UserId }>(
  signals: Signals,
  clock: () => number,
): Targets<W> {
  const parts = Array.from({ length: RENEW_PARTS }, () => new Map<UserId, Target<W>>());
  const partOf = (userId: UserId): Map<UserId, Target<W>> => parts[partitionOf(userId, RENEW_PARTS)] as never;
  const outgoing = createOutgoing(signals);
  let turn = 0;
  return {
    watch(userId, watcher) {
      const part = partOf(userId);
      const target = part.get(userId) ?? createTarget<W>(clock());
      part.set(userId, target);
      if (target.watchers.has(watcher)) return;
      target.watchers.add(watcher);
      const slot = signals.slotOf(watcher.userId);
      const asked = target.slots.get(slot) ?? 0;
      target.slots.set(slot, asked + 1);
      if (asked === 0) outgoing.ask(slot, userId);
    },
    unwatch(userId, watcher) {
      const part = partOf(userId);
      const target = part.get(userId);
      if (!target?.watchers.delete(watcher)) return;
      const slot = signals.slotOf(watcher.userId);
      const asked = target.slots.get(slot) ?? 0;
      if (asked > 1) target.slots.set(slot, asked - 1);
      else target.slots.delete(slot);
      if (target.watchers.size === 0) part.delete(userId);
    },
    online: (userId) => partOf(userId).get(userId)?.online ?? null,
    watchers: (userId) => partOf(userId).get(userId)?.watchers ?? NOBODY,
    heard(userId, online) {
      const target = partOf(userId).get(userId);
      if (!target) return false;
      target.online = online;
      target.heardAt = clock();
      return true;
    },
    renew() {
      const silent: UserId[] = [];
      turn = (turn + 1) % RENEW_PARTS;
      for (const [userId, target] of parts[turn] ?? []) {
        for (const slot of target.slots.keys()) outgoing.ask(slot, userId);
        if (target.online === true && target.heardAt < clock() - WATCH_EXPIRES_MS) silent.push(userId);
      }
      return silent;
    },
  };
}

const NOBODY: ReadonlySet<never> = new Set();

const createTarget = <W>(now: number): Target<W> => ({
  watchers: new Set(),
  slots: new Map(),
  online: null,
  heardAt: now,
});

/** What is asked for in one turn goes in as few signals as there are ways. */
function createOutgoing(signals: Signals): { ask(replySlot: number, userId: UserId): void } {
  let waiting = new Map<string, { replySlot: number; slot: number; userIds: UserId[] }>();
  const flush = (): void => {
    const ways = waiting;
    waiting = new Map();
    for (const { replySlot, slot, userIds } of ways.values())
      for (let from = 0; from < userIds.length; from += WATCH_USERS_MAX)
        signals.send(slot, {
          kind: 'presence-watch',
          replySlot,
          userIds: userIds.slice(from, from + WATCH_USERS_MAX),
        });
  };
  return {
    ask(replySlot, userId) {
      if (waiting.size === 0) queueMicrotask(flush);
      const slot = signals.slotOf(userId);
      const way = waiting.get(`${replySlot} ${slot}`) ?? { replySlot, slot, userIds: [] };
      waiting.set(`${replySlot} ${slot}`, way);
      way.userIds.push(userId);
    },
  };
}
