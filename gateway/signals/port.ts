import type { ChatId, UserId } from '../../events/ids.ts';

/** What is told and forgotten: never stored, dropped where it is late. */
export type Signal =
  /** To every user of `to` who is connected in the receiving slot. */
  | { kind: 'typing'; chatId: ChatId; userId: UserId; to: readonly UserId[] }
  /** Somebody in `replySlot` wants to know of `userIds`, all of the receiving slot; renewed while that is so. */
  | { kind: 'presence-watch'; replySlot: number; userIds: readonly UserId[] }
  /** To every slot that watches. */
  | { kind: 'presence'; userId: UserId; online: boolean }
  /** To every slot: what the views hold of the chat was built anew, and whoever has read it reads it again. */
  | { kind: 'repaired'; chatId: ChatId };

/** Signals older than this are dropped unread: nobody is typing any more. */
export const SIGNAL_MAX_AGE_MS = 5_000;

/** The way of signals between gateways, by recipient slot. Embedded there is one slot and no way to go. */
export interface Signals {
  readonly slots: number;
  slotOf(userId: UserId): number;
  /** At most once; never waits, never throws. */
  send(slot: number, signal: Signal): void;
  /** Of the slots that this gateway owns. */
  receive(listener: (slot: number, signal: Signal) => void): () => void;
}
