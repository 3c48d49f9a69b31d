import type { ChatEvent, HiddenEvents } from '../../events/chat.ts';
import { messageSeqOf, type Sight, sees, seesSeq } from './sight.ts';
import { withoutWords } from './words.ts';

const NONE: ReadonlySet<number> = new Set();

/**
 * One event through a viewer's eyes: itself (a reply to what is invisible reads null, words of a message that is
 * deleted now are withheld where the chat asks for it), or `Hidden`; null before `visibleFrom`: nothing is delivered.
 * `deletedNow`: the seqs of those messages that are deleted now; only chats with `pastContent: "now"` need them.
 */
export function seenEvent(
  sight: Sight,
  event: ChatEvent,
  deletedNow: ReadonlySet<number> = NONE,
): ChatEvent | HiddenEvents | null {
  if (event.seq < sight.visibleFrom) return null;
  if (!sees(sight, event)) {
    return { chatId: event.chatId, seq: event.seq, throughSeq: event.seq, type: 'Hidden', position: event.position };
  }
  const seen = withVisibleReply(sight, event);
  const about = messageSeqOf(seen) ?? seen.seq;
  return sight.withholdDeleted && deletedNow.has(about) ? withoutWords(seen, 'deleted') : seen;
}

/** Appends to a run of visible events, growing a `Hidden` at its end instead of adding another. */
export function pushMerged(run: (ChatEvent | HiddenEvents)[], next: ChatEvent | HiddenEvents): void {
  const last = run.at(-1);
  if (last !== undefined && isHidden(last) && isHidden(next)) {
    run[run.length - 1] = { ...last, throughSeq: next.throughSeq, position: next.position };
  } else {
    run.push(next);
  }
}

export const isHidden = (event: ChatEvent | HiddenEvents): event is HiddenEvents => event.type === 'Hidden';

function withVisibleReply(sight: Sight, event: ChatEvent): ChatEvent {
  if (event.type !== 'MessageSent' || !event.data.replyTo || seesSeq(sight, event.data.replyTo.seq)) return event;
  return { ...event, data: { ...event.data, replyTo: null } };
}
