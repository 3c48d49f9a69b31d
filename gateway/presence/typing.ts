import { LRUCache } from 'lru-cache';
import { accepted, type Outcome } from '../../events/error-codes.ts';
import type { ChatId, UserId } from '../../events/ids.ts';
import type { Queries } from '../../queries/index.ts';
import type { Signals } from '../signals/port.ts';
import { PRESENCE_MAX_MEMBERS, TYPING_GAP_MS } from './limits.ts';

/** Whose typing was told lately, and where. */
const REMEMBERED_MAX = 10_000;

export interface TypingOptions {
  readonly queries: Pick<Queries, 'members'>;
  readonly signals: Signals;
  readonly clock: () => number;
  /** Whether too much of it is left out. */
  readonly rateLimits: boolean;
}

/** Tells the others in a small chat that somebody is typing. Never stored; told too often it is left out in silence. */
export type SayTyping = (userId: UserId, chatId: ChatId) => Promise<Outcome<object>>;

export function createTyping({ queries, signals, clock, rateLimits }: TypingOptions): SayTyping {
  const told = new LRUCache<string, number>({ max: REMEMBERED_MAX });
  return async (userId, chatId) => {
    const key = `${userId} ${chatId}`;
    const now = clock();
    if (rateLimits && now - (told.get(key) ?? Number.NEGATIVE_INFINITY) < TYPING_GAP_MS) return accepted({});
    const page = await queries.members(userId, chatId, { limit: PRESENCE_MAX_MEMBERS + 1 });
    if (!page.ok) return page;
    if (rateLimits) told.set(key, now);
    const { members } = page.value;
    if (members.length > PRESENCE_MAX_MEMBERS) return accepted({});
    const bySlot = new Map<number, UserId[]>();
    for (const { userId: other } of members) {
      if (other === userId) continue;
      const slot = signals.slotOf(other);
      bySlot.set(slot, [...(bySlot.get(slot) ?? []), other]);
    }
    for (const [slot, to] of bySlot) signals.send(slot, { kind: 'typing', chatId, userId, to });
    return accepted({});
  };
}
