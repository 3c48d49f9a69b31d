import type { UserId } from '../../events/ids.ts';
import type { Signals } from '../signals/port.ts';
import { OFFLINE_AFTER_MS, WATCH_EXPIRES_MS } from './limits.ts';

/** Who of this gateway's users is connected, told to the slots that have asked. */
export interface Online {
  /** Somebody in `replySlot` wants to know of these users, as before or newly: of each it is told what is known here. */
  watched(replySlot: number, userIds: readonly UserId[]): void;
  /** The user's first socket has opened. */
  came(userId: UserId): void;
  /** The user's last socket has closed. */
  went(userId: UserId): void;
  /** Forgets who has not asked again. */
  sweep(): void;
  close(): void;
}

export interface OnlineOptions {
  readonly signals: Signals;
  readonly clock: () => number;
  readonly isConnected: (userId: UserId) => boolean;
  /** False where another gateway owns the user's slot, or none: who is not here may be there. */
  readonly answersFor: (userId: UserId) => boolean;
}

/** Its state is bounded by what is watched, not by how many users there are. */
export function createOnline({ signals, clock, isConnected, answersFor }: OnlineOptions): Online {
  /** Until when which slot wants to know of a user. */
  const watches = new Map<UserId, Map<number, number>>();
  const leaving = new Map<UserId, NodeJS.Timeout>();
  const tell = (userId: UserId, online: boolean): void => {
    const now = clock();
    for (const [slot, expiresAt] of watches.get(userId) ?? [])
      if (expiresAt > now) signals.send(slot, { kind: 'presence', userId, online });
  };
  const gone = (userId: UserId): void => {
    leaving.delete(userId);
    if (isConnected(userId)) return;
    if (answersFor(userId)) tell(userId, false);
    else watches.delete(userId); // moved: where the user is now knows better
  };
  return {
    watched(replySlot, userIds) {
      const expiresAt = clock() + WATCH_EXPIRES_MS;
      for (const userId of userIds) {
        const slots = watches.get(userId) ?? new Map<number, number>();
        watches.set(userId, slots.set(replySlot, expiresAt));
        const online = isConnected(userId) || leaving.has(userId);
        if (online || answersFor(userId)) signals.send(replySlot, { kind: 'presence', userId, online });
      }
    },
    came(userId) {
      if (!watches.has(userId)) return;
      const timer = leaving.get(userId);
      clearTimeout(timer);
      leaving.delete(userId);
      if (timer === undefined) tell(userId, true);
    },
    went(userId) {
      if (watches.has(userId) && !leaving.has(userId)) leaving.set(userId, setTimeout(gone, OFFLINE_AFTER_MS, userId));
    },
    sweep() {
      const now = clock();
      for (const [userId, slots] of watches) {
        for (const [slot, expiresAt] of slots) if (expiresAt <= now) slots.delete(slot);
        if (slots.size === 0) watches.delete(userId);
      }
    },
    close() {
      for (const timer of leaving.values()) clearTimeout(timer);
      leaving.clear();
      watches.clear();
    },
  };
}
