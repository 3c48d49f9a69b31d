import type { RecordedEvent } from '../../../events/event-store.ts';
import type { ChatId } from '../../../events/ids.ts';
import { seqOf } from '../../../events/streams.ts';
import { bucketOf, TICK_EVERY } from '../chat-history/places.ts';
import type { PendingRows } from '../pending-rows.ts';

const EVENT = `INSERT INTO chat_log (chat, bucket, seq, type, data, metadata, event_id, position, recorded_at, at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?`;
const TICK = 'INSERT INTO chat_log_clock (chat, at, seq) VALUES (?, ?, ?) USING TIMESTAMP ?';

/** An event as it lies in the log, and the time that it says. */
export function addEvent(rows: PendingRows, chat: ChatId, { event, at }: { event: RecordedEvent; at: number }): void {
  const seq = seqOf(event.revision);
  const bucket = bucketOf(seq);
  const { type, data, metadata, eventId, position, recordedAt } = event;
  const params = [chat, bucket, seq, type, data, metadata, eventId, position, recordedAt, at, seq];
  rows.add(chat, bucket, { query: EVENT, params });
  addTick(rows, chat, { event, at });
}

/** What the clock has of an event. */
export function addTick(rows: PendingRows, chat: ChatId, { event, at }: { event: RecordedEvent; at: number }): void {
  const seq = seqOf(event.revision);
  if ((seq - 1) % TICK_EVERY === 0) rows.add(chat, '', { query: TICK, params: [chat, at, seq, seq] });
}
