import { atOf } from '../../events/codec.ts';
import { type EventLog, type LogPosition, type PackedPage, type RecordedEvent } from '../../events/event-store.ts';
import type { ChatId } from '../../events/ids.ts';
import { chatStream } from '../../events/streams.ts';
import type { EventFilter } from './filter.ts';
import { pack, packs } from './packed.ts';

const PAGE_EVENTS = 1_000;

export type Order = 'forward' | 'backward';

export interface Range {
  /** Exclusive. */
  readonly after: LogPosition;
  /** Inclusive. */
  readonly until: LogPosition;
  readonly order: Order;
}

/** The range of the log, page by page, of the types that are asked for at least. */
export async function* pagesOfAll(
  log: EventLog,
  range: Range,
  types: readonly string[] | undefined,
): AsyncGenerator<PackedPage> {
  const direction = range.order === 'backward' ? 'backwards' : 'forwards';
  let { after, until } = range;
  while (after < until) {
    const asked = { after, until, direction, limit: PAGE_EVENTS } as const;
    const page = packs(log) ? await log.readPacked({ ...asked, types }) : pack(await log.readAll(asked));
    if (page.position === null) return;
    yield page;
    if (page.looked < PAGE_EVENTS) return;
    if (direction === 'forwards') after = page.position;
    else until = page.position - 1;
  }
}

/** The range of one chat. Positions and times only grow along its stream, so both ends of it are searched for. */
export async function* pagesOfChat(
  log: EventLog,
  chatId: ChatId,
  { range, filter: { from, to } }: { range: Range; filter: Pick<EventFilter, 'from' | 'to'> },
): AsyncGenerator<PackedPage> {
  const stream = chatStream(chatId);
  const search = { log, stream };
  const begins = await first(
    search,
    (event) => event.position > range.after && (from === undefined || atOf(event) >= from),
  );
  const ends = await first(search, (event) => event.position > range.until || (to !== undefined && atOf(event) > to));
  const forwards = range.order === 'forward';
  for (let done = 0; begins + done < ends; ) {
    const limit = Math.min(PAGE_EVENTS, ends - begins - done);
    const page = forwards
      ? await log.readStream(stream, { from: begins + done, limit })
      : await log.readStream(stream, { from: ends - 1 - done, direction: 'backwards', limit });
    if (page.length === 0) return;
    done += page.length;
    yield pack(page);
  }
}

/** The revision of the stream's first event for which it holds, as it does for all that follow; the stream's length where there is none. */
async function first(
  { log, stream }: { log: EventLog; stream: string },
  holds: (event: RecordedEvent) => boolean,
): Promise<number> {
  const [last] = await log.readStream(stream, { direction: 'backwards', limit: 1 });
  let low = 0;
  let high = last === undefined ? 0 : last.revision + 1;
  if (last !== undefined && !holds(last)) return high;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [event] = await log.readStream(stream, { from: middle, limit: 1 });
    if (event !== undefined && !holds(event)) low = middle + 1;
    else high = middle;
  }
  return low;
}
