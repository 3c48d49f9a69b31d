import type { ChatEvent } from '../../events/chat.ts';
import { decodeChatEvent } from '../../events/codec.ts';
import { type EventLog, type LogPosition, type RecordedEvent, START } from '../../events/event-store.ts';
import { chatOf, chatStream } from '../../events/streams.ts';
import { withoutWords } from '../visibility/index.ts';
import { type EventFilter, passes } from './filter.ts';

const PAGE_EVENTS = 1_000;

export interface EventStreamOptions {
  log: EventLog;
  filter: EventFilter;
  /** False: the words are withheld, as `hidden`. */
  content: boolean;
  /** True: goes on with what happens, up to the filter's `until` or until the signal aborts. */
  follow: boolean;
  signal: AbortSignal;
}

/** What of a page passed the filter, maybe nothing, and the place up to which all was looked at. */
export interface EventStreamPage {
  events: ChatEvent[];
  position: LogPosition;
}

/**
 * The events of chats, and of nothing else, in the order of the log. A range without `until` ends at what was the head
 * when it began. `from` and `to` are no places in the log (an import's times lie in the past, a clock may be set back),
 * so every event of the range is looked at.
 */
export async function* readEventStream(options: EventStreamOptions): AsyncGenerator<EventStreamPage> {
  const { log, filter, follow, signal } = options;
  const head = await log.head();
  const until = Math.min(filter.until ?? head, head);
  const recorded =
    filter.chatId === undefined
      ? pagesOfAll(log, filter, until)
      : pagesOfChat(log, filter.chatId, { after: filter.after, until });
  for await (const page of recorded) {
    if (signal.aborted) return;
    yield select(page, options);
  }
  yield { events: [], position: until };
  const last = filter.until ?? Number.POSITIVE_INFINITY;
  if (!follow || last <= until) return;
  for await (const batch of log.subscribe({ after: Math.max(until, filter.after ?? START), signal })) {
    const wanted = batch.events.filter(({ position }) => position <= last);
    yield { ...select(wanted, options), position: Math.min(batch.position, last) };
    if (batch.position >= last) return;
  }
}

async function* pagesOfAll(log: EventLog, filter: EventFilter, until: LogPosition): AsyncGenerator<RecordedEvent[]> {
  let after = filter.after ?? START;
  while (after < until) {
    const page = await log.readAll({ after, until, limit: PAGE_EVENTS });
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    if (page.length < PAGE_EVENTS) return;
    after = last.position;
  }
}

async function* pagesOfChat(
  log: EventLog,
  chatId: string,
  { after = START, until }: { after: LogPosition | undefined; until: LogPosition },
): AsyncGenerator<RecordedEvent[]> {
  const stream = chatStream(chatId);
  let from = await firstAfter(log, stream, after);
  for (;;) {
    const page = await log.readStream(stream, { from, limit: PAGE_EVENTS });
    const wanted = page.filter((event) => event.position <= until);
    if (wanted.length > 0) yield wanted;
    if (wanted.length < PAGE_EVENTS) return;
    from += wanted.length;
  }
}

/** The revision of the stream's first event after a place in the log: positions grow along a stream, so it is halved. */
async function firstAfter(log: EventLog, stream: string, after: LogPosition): Promise<number> {
  if (after === START) return 0;
  const [last] = await log.readStream(stream, { direction: 'backwards', limit: 1 });
  let low = 0;
  let high = last === undefined ? 0 : last.revision + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [event] = await log.readStream(stream, { from: middle, limit: 1 });
    if (event !== undefined && event.position <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}

function select(page: readonly RecordedEvent[], { log, filter, content }: EventStreamOptions): EventStreamPage {
  const events: ChatEvent[] = [];
  for (const recorded of page) {
    if (chatOf(recorded.stream) === null) continue;
    const event = decodeChatEvent(recorded, log.epoch);
    if (passes(event, filter)) events.push(content ? event : withoutWords(event, 'hidden'));
  }
  return { events, position: page.at(-1)?.position ?? START };
}
