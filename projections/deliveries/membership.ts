import { decode } from '../../events/codec.ts';
import type { RecordedEvent } from '../../events/event-store.ts';
import type { UserId } from '../../events/ids.ts';
import { slotOf } from '../../events/partition.ts';
import { seqOf } from '../../events/streams.ts';
import type { ChatSlots } from './ports.ts';

const MOVES: ReadonlySet<string> = new Set(['ChatStarted', 'MemberAdded', 'MemberRemoved']);

/** Whether an event changes who is in its chat; all others need not even be read. */
export const isMove = ({ type }: RecordedEvent): boolean => MOVES.has(type);

/**
 * Folds who comes and goes, by slot; false where the chat has taken the event in before. Throws what the codec throws;
 * then nothing has changed. That nobody comes who is there, or goes who is not, is the decider's promise.
 */
export function foldMove(chat: ChatSlots, event: RecordedEvent, slots: number): boolean {
  const seq = seqOf(event.revision);
  if (seq <= chat.headSeq) return false;
  const { come, gone } = moveOf(event);
  for (const userId of come) count(chat, slotOf(userId, slots), 1);
  for (const userId of gone) count(chat, slotOf(userId, slots), -1);
  chat.headSeq = seq;
  return true;
}

interface Move {
  readonly come: Iterable<UserId>;
  readonly gone: Iterable<UserId>;
}

function moveOf(event: RecordedEvent): Move {
  const { known, type, data } = decode(event);
  if (!known) return { come: [], gone: [] };
  if (type === 'ChatStarted') {
    const { members } = data as { members: { userId: UserId }[] };
    return { come: new Set(members.map(({ userId }) => userId)), gone: [] };
  }
  const { userId } = data as { userId: UserId };
  return type === 'MemberAdded' ? { come: [userId], gone: [] } : { come: [], gone: [userId] };
}

function count({ counts }: ChatSlots, slot: number, by: number): void {
  const members = (counts.get(slot) ?? 0) + by;
  if (members > 0) counts.set(slot, members);
  else counts.delete(slot);
}

export function membersOf({ counts }: ChatSlots): number {
  let members = 0;
  for (const inSlot of counts.values()) members += inSlot;
  return members;
}
