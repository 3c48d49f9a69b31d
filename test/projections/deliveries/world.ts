import type { Link } from '../../../events/backplane.ts';
import type { RecordedEvent } from '../../../events/event-store.ts';
import type { UserId } from '../../../events/ids.ts';
import { RECEIPTS_MAX_MEMBERS } from '../../../events/limits.ts';
import { slotOf } from '../../../events/partition.ts';
import { chatOf, receiptsOf } from '../../../events/streams.ts';
import type { MemoryTopic } from '../../support/memory/backplane.ts';
import { PARTITIONS, placeOf } from '../partitions/world.ts';

export const SLOTS = 5;

/** What each slot has to be told, by source, from the members themselves. */
export function expectedDeliveries(events: readonly RecordedEvent[]): RecordedEvent[][][] {
  const expected = Array.from({ length: SLOTS }, () => Array.from({ length: PARTITIONS }, () => [] as RecordedEvent[]));
  const members = new Map<string, Set<UserId>>();
  for (const event of events) {
    for (const slot of slotsToTell(members, event)) expected[slot]?.[placeOf(event)]?.push(event);
  }
  return expected;
}

function slotsToTell(members: Map<string, Set<UserId>>, event: RecordedEvent): Set<number> {
  const slots = (users: Iterable<UserId>) => [...users].map((userId) => slotOf(userId, SLOTS));
  const receipts = receiptsOf(event.stream);
  if (receipts) {
    const present = members.get(receipts.chatId) ?? new Set();
    return new Set(slots(present.size > RECEIPTS_MAX_MEMBERS ? [receipts.userId] : present));
  }
  const chatId = chatOf(event.stream);
  if (chatId === null) return new Set();
  const present = members.get(chatId) ?? new Set<UserId>();
  members.set(chatId, present);
  const before = slots(present);
  const data = JSON.parse(event.data) as { members?: { userId: UserId }[]; userId?: UserId };
  if (event.type === 'ChatStarted') for (const { userId } of data.members ?? []) present.add(userId);
  else if (event.type === 'MemberAdded') present.add(data.userId ?? '');
  else if (event.type === 'MemberRemoved') present.delete(data.userId ?? '');
  return new Set([...before, ...slots(present)]);
}

/** A gateway that reads one slot by the rule of links, and what is missing from what it should have been told. */
export function readSlot(links: readonly Link[], missing: readonly (readonly RecordedEvent[])[]) {
  const held = Array.from({ length: PARTITIONS }, () => 0);
  const told = Array.from({ length: PARTITIONS }, () => [] as RecordedEvent[]);
  let gaps = 0;
  for (const { source, after, position, event } of links) {
    const before = held[source] ?? 0;
    if (position <= before) continue;
    if (after > before) {
      const lost = (missing[source] ?? []).filter((each) => each.position > before && each.position <= after);
      told[source]?.push(...lost);
      gaps += 1;
    }
    if (event) told[source]?.push(event);
    held[source] = position;
  }
  return { held, told, gaps };
}

/** Whether every slot knows of every source that it has come so far. */
export const allTold = (topic: MemoryTopic, position: number): boolean =>
  Array.from({ length: SLOTS }, (_, slot) => readSlot(topic.links(slot), []).held).every((held) =>
    held.every((each) => each >= position),
  );
