import type { EventLog, RecordedEvent } from '../../events/event-store.ts';
import type { ChatId } from '../../events/ids.ts';
import { chatStream, seqOf } from '../../events/streams.ts';
import { isStoreFailure, StillBehind } from '../partitions/failures.ts';
import type { Claim } from '../partitions/ports.ts';
import type { ReportPartition } from '../partitions/report.ts';
import { foldMove, isMove } from './membership.ts';
import type { ChatSlots } from './ports.ts';

const HEAL_EVENTS = 500;

/** An event that cannot be folded: its chat waits. */
export class Unreadable extends Error {
  readonly event: RecordedEvent;
  constructor(event: RecordedEvent, cause: unknown) {
    super(`${event.stream} revision ${event.revision} cannot be read`, { cause });
    this.event = event;
  }
}

/** False where the chat has taken the event in before. Throws `Unreadable`, or what the store says. */
export function takeMove(chat: ChatSlots, event: RecordedEvent, slots: number): boolean {
  try {
    return foldMove(chat, event, slots);
  } catch (error) {
    throw isStoreFailure(error) ? error : new Unreadable(event, error);
  }
}

export interface LearnOptions {
  readonly log: EventLog;
  readonly claim: Claim;
  readonly report: ReportPartition;
  readonly slots: number;
}

/** Learns who is in chats that the store does not know. */
export interface Learner {
  /**
   * From the chat's stream, up to an event: told of what lies there they were long ago. Throws `StillBehind` at `endAt`
   * (by `performance.now()`); asked again, it goes on where it came to. Nothing of a chat is in the store before all is.
   */
  learn(chat: ChatSlots, before: RecordedEvent, endAt: number): Promise<void>;
}

/** Who is in a chat as far as its stream was read. */
interface Known {
  readonly chat: ChatSlots;
  /** The next revision. */
  next: number;
}

export function createLearner({ log, claim, report, slots }: LearnOptions): Learner {
  const { group, partition } = claim;
  const unfinished = new Map<ChatId, Known>();
  return {
    async learn(chat, before, endAt) {
      const { chatId } = chat;
      const known = unfinished.get(chatId) ?? { chat: { chatId, headSeq: 0, counts: new Map() }, next: 0 };
      unfinished.set(chatId, known);
      const began = known.next;
      while (known.next < before.revision) {
        if (known.next > began && performance.now() >= endAt) {
          throw new StillBehind(
            `${group}, partition ${partition}: chat ${chatId} is known to ${known.next} of ${before.revision}`,
          );
        }
        const limit = Math.min(HEAL_EVENTS, before.revision - known.next);
        const page = await log.readStream(chatStream(chatId), { from: known.next, limit });
        if (page.length === 0)
          throw new Unreadable(before, new Error(`chat ${chatId} has no event ${seqOf(known.next)}`));
        for (const event of page) if (isMove(event)) takeMove(known.chat, event, slots);
        known.next += page.length;
      }
      unfinished.delete(chatId);
      chat.headSeq = known.chat.headSeq;
      for (const [slot, members] of known.chat.counts) chat.counts.set(slot, members);
      report({ kind: 'chat-healed', group, partition, chatId, events: before.revision });
    },
  };
}
