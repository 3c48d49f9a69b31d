import type { EventLog } from '../../../events/event-store.ts';
import { parsePosition } from '../../../events/position.ts';
import { chatStream, revisionOf } from '../../../events/streams.ts';
import type { EventFilter } from '../../../queries/event-stream/index.ts';
import type { ReplayCheckpoint } from '../../../queries/replay/index.ts';
import { type CliPoint, seqAt } from '../chat-at.ts';
import { VerbFailed, WrongUsage } from '../io.ts';

export interface Asked {
  chatId: string | null;
  from: CliPoint;
  to: CliPoint;
  /** Types and actor. */
  filter: EventFilter;
}

/** The events after `from` up to `to`, as places in the log where it is one chat, else by their times. */
export async function rangeOf(log: EventLog, { chatId, from, to, filter }: Asked): Promise<EventFilter> {
  if (chatId !== null) {
    const [after, until] = [await placeOf(log, chatId, from), await placeOf(log, chatId, to)];
    return { ...filter, chatId, after, until };
  }
  if ('seq' in from && from.seq > 0)
    throw new WrongUsage('a seq is a point of one chat: name the chat, or give a time');
  if ('seq' in to) throw new WrongUsage('a seq is a point of one chat: name the chat, or give a time');
  return {
    ...filter,
    ...('time' in from && { from: from.time + 1 }), // exclusive; times are whole milliseconds
    ...(Number.isFinite(to.time) && { to: to.time }),
  };
}

async function placeOf(log: EventLog, chatId: string, point: CliPoint): Promise<number> {
  const seq = await seqAt(log, chatId, point);
  if (seq === 0) return 0;
  const [event] = await log.readStream(chatStream(chatId), { from: revisionOf(seq), limit: 1 });
  return event?.position ?? 0;
}

/** The rest of a range, after what an earlier run did. */
export function restOf(log: EventLog, range: EventFilter, since: ReplayCheckpoint | null): EventFilter {
  if (since === null) return range;
  const place = parsePosition(since.position);
  if (place === null || place.epoch !== log.epoch) {
    throw new VerbFailed('epoch-changed', 'the checkpoint is of before the log was restored');
  }
  return { ...range, after: Math.max(range.after ?? 0, place.position) };
}
