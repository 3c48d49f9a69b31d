import { type EventLog, type LogPosition, START } from '../../events/event-store.ts';
import { type EventFilter, TYPES_WITH_WORDS } from './filter.ts';
import { createLines, type EventLines } from './lines-of.ts';
import { pack } from './packed.ts';
import { type Order, pagesOfAll, pagesOfChat, type Range } from './sources.ts';

export interface EventStreamOptions {
  readonly log: EventLog;
  readonly filter: EventFilter;
  /** False: the words are withheld, as `hidden`, and cannot be searched. */
  readonly content: boolean;
  /** Default `forward`. `backward` reads the same events from the last of the range down, and cannot follow. */
  readonly order?: Order | undefined;
  /** True: goes on with what happens, up to the filter's `until` or until the signal aborts. */
  readonly follow: boolean;
  /** False: the lines do not say where in this log their events lie. */
  readonly positions?: boolean;
  readonly signal: AbortSignal;
}

/** What of a page passed the filter, maybe nothing, and the place up to which (backward: down to which) all was looked at. */
export interface EventStreamPage extends EventLines {
  readonly position: LogPosition;
}

/**
 * The events of chats, and of nothing else, in the order of the log or in its reverse. A range without `until` ends at
 * what was the head when it began. `from` and `to` are no places in the log (an import's times lie in the past, a clock
 * may be set back), so every event of the range is looked at, but for one chat's, whose times only grow.
 */
export async function* readEventStream(options: EventStreamOptions): AsyncGenerator<EventStreamPage> {
  const { log, content, follow, signal, order = 'forward', positions = true } = options;
  const filter = narrowed(options.filter);
  const select = createLines({ epoch: log.epoch, filter, content, positions });
  const head = await log.head();
  const upTo = Math.min(filter.until ?? Number.POSITIVE_INFINITY, (filter.before ?? Number.POSITIVE_INFINITY) - 1);
  const range: Range = { after: filter.after ?? START, until: Math.min(upTo, head), order };
  const pages =
    filter.chatId === undefined
      ? pagesOfAll(log, range, filter.types && [...filter.types])
      : pagesOfChat(log, filter.chatId, { range, filter });
  for await (const page of pages) {
    if (signal.aborted) return;
    yield { ...select(page), position: page.position ?? range.after };
  }
  if (order === 'backward') {
    yield { ...NO_LINES, position: range.after };
    return;
  }
  yield { ...NO_LINES, position: range.until };
  if (!follow || upTo <= range.until) return;
  for await (const batch of log.subscribe({ after: Math.max(range.until, range.after), signal })) {
    const wanted = batch.events.filter(({ position, stream }) => position <= upTo && isOf(filter, stream));
    yield { ...select(pack(wanted)), position: Math.min(batch.position, upTo) };
    if (batch.position >= upTo) return;
  }
}

const NO_LINES: EventLines = { bytes: new Uint8Array(0), ends: [], positions: [], ats: [] };

const isOf = ({ chatId }: EventFilter, stream: string): boolean =>
  chatId === undefined ? stream.startsWith('chat-') : stream === `chat-${chatId}`;

/** Words are looked for only where there can be some. An event of an unknown type has none that anybody could name. */
function narrowed(filter: EventFilter): EventFilter {
  if (filter.text === undefined) return filter;
  const types = TYPES_WITH_WORDS.filter((type) => filter.types?.has(type) ?? true);
  return { ...filter, types: new Set(types) };
}
