import { decodeChatEvent, rfc3339 } from '../../../events/codec.ts';
import type { RecordedEvent } from '../../../events/event-store.ts';
import type { ChatId } from '../../../events/ids.ts';
import { chatStream, revisionOf } from '../../../events/streams.ts';
import type { ChatLogReader } from '../../../queries/chat-log/view.ts';
import { type Cassandra, type Row, readAll, readOne } from '../cassandra.ts';
import { readHead } from '../chat-history/heads.ts';
import { asInt, bucketOf, TICK_EVERY } from '../chat-history/places.ts';
import { intOf, textOf } from '../row.ts';

const EVENTS = `SELECT seq, type, data, metadata, event_id, position, recorded_at FROM chat_log
  WHERE chat = ? AND bucket = ? AND seq > ? AND seq <= ? LIMIT ?`;
const AT = 'SELECT at FROM chat_log WHERE chat = ? AND bucket = ? AND seq = ?';
const TIMES = 'SELECT seq, at FROM chat_log WHERE chat = ? AND bucket = ? AND seq >= ? AND seq < ?';
const TICK = 'SELECT seq FROM chat_log_clock WHERE chat = ? AND at <= ? LIMIT 1';

/** What the chat log holds of each chat; it may be behind the log. `epoch`: of the log that it was written from. */
export const chatLogReader = (cassandra: Cassandra, epoch: string): ChatLogReader => ({
  async events(chatId, { after, limit, through = Number.MAX_SAFE_INTEGER }) {
    const found: RecordedEvent[] = [];
    let last = Math.max(0, after);
    while (found.length < limit && last < through) {
      const rows = await rowsAfter(cassandra, chatId, { after: last, through, limit: limit - found.length });
      found.push(...rows.map((row) => recordedEvent(chatId, row)));
      const end = last + rows.length;
      // A bucket that ends with its last seq has another behind it.
      if (rows.length === 0 || bucketOf(end) === bucketOf(end + 1)) break;
      last = end;
    }
    return found.map((event) => decodeChatEvent(event, epoch));
  },
  head: (chatId) => readHead(cassandra, chatId),
  async atOf(chatId, seq) {
    const row = seq < 1 ? null : await readOne(cassandra, AT, [chatId, bucketOf(asInt(seq)), asInt(seq)]);
    return row && rfc3339(intOf(row, 'at'));
  },
  seqAt: (chatId, time) => seqAt(cassandra, chatId, time),
});

/** What is there without a gap: a later event may be written before an earlier one. */
async function rowsAfter(
  cassandra: Cassandra,
  chatId: ChatId,
  page: { after: number; through: number; limit: number },
): Promise<Row[]> {
  const { after, through, limit } = page;
  const rows = await readAll(cassandra, EVENTS, [chatId, bucketOf(after + 1), after, asInt(through), asInt(limit)]);
  const gap = rows.findIndex((row, n) => intOf(row, 'seq') !== after + 1 + n);
  return gap < 0 ? rows : rows.slice(0, gap);
}

/**
 * The last event at or before a time, as far as the head: `at` never falls along a chat, so it lies in the stretch that
 * the last tick of the clock at or before that time begins.
 */
async function seqAt(cassandra: Cassandra, chatId: ChatId, time: number): Promise<{ seq: number; at: string } | null> {
  // The head first: what the clock says then is no less than what it holds.
  const head = await readHead(cassandra, chatId);
  if (!head || Date.parse(head.at) <= time) return head;
  const tick = await readOne(cassandra, TICK, [chatId, time]);
  if (!tick) return null;
  const from = intOf(tick, 'seq');
  const rows = await readAll(cassandra, TIMES, [chatId, bucketOf(from), from, from + TICK_EVERY]);
  const last = rows.findLast((row) => intOf(row, 'at') <= time);
  return last ? { seq: intOf(last, 'seq'), at: rfc3339(intOf(last, 'at')) } : null;
}

const recordedEvent = (chatId: ChatId, row: Row): RecordedEvent => ({
  stream: chatStream(chatId),
  revision: revisionOf(intOf(row, 'seq')),
  position: intOf(row, 'position'),
  recordedAt: intOf(row, 'recorded_at'),
  eventId: textOf(row, 'event_id'),
  type: textOf(row, 'type'),
  data: textOf(row, 'data'),
  metadata: textOf(row, 'metadata'),
});
