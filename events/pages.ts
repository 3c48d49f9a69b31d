import { type EventLog, type LogPosition, type RecordedEvent, START } from './event-store.ts';

const PAGE_EVENTS = 1_000;
/** Nobody knows how long events are before some have come. */
const FIRST_PAGE_EVENTS = 128;
/** Of events that are long fewer are read at once. */
const PAGE_UNITS = 1_048_576;
const LONG_PAGE_EVENTS = 16;

/** How long the texts of events are, in UTF-16 units: what reading ahead and counting are bounded by. */
export const unitsOf = (events: readonly RecordedEvent[]): number =>
  events.reduce((sum, { data, metadata }) => sum + data.length + metadata.length, 0);

/** How many to read after a page, given how long its events are. */
function nextLimit(page: readonly RecordedEvent[]): number {
  const fitting = Math.floor((PAGE_UNITS * page.length) / Math.max(1, unitsOf(page)));
  return Math.max(LONG_PAGE_EVENTS, Math.min(PAGE_EVENTS, fitting));
}

/**
 * Everything after a position through another, in pages of which none is empty, the next being read while one is worked
 * on.
 */
export async function* pagesOfLog(
  log: Pick<EventLog, 'readAll'>,
  { after: from = START, until }: { after?: LogPosition; until: LogPosition },
): AsyncGenerator<RecordedEvent[]> {
  if (from >= until) return;
  let limit = FIRST_PAGE_EVENTS;
  let coming = log.readAll({ after: from, until, limit });
  for (;;) {
    const page = await coming;
    const last = page.at(-1);
    if (!last) return;
    const ended = page.length < limit;
    limit = nextLimit(page);
    coming = ended ? Promise.resolve([]) : log.readAll({ after: last.position, until, limit });
    coming.catch(() => undefined); // thrown where it is awaited, which may never be
    yield page;
  }
}

export interface StreamStretch {
  /** The first revision; default: the stream's beginning. */
  readonly from?: number;
  /** The last revision; default: the stream's end. */
  readonly to?: number;
  /** The last position; default: the stream's end. */
  readonly until?: LogPosition;
}

/** The events of a stream, in pages of which none is empty. */
export async function* pagesOfStream(
  log: Pick<EventLog, 'readStream'>,
  stream: string,
  { from = 0, to = Number.MAX_SAFE_INTEGER, until = Number.MAX_SAFE_INTEGER }: StreamStretch = {},
): AsyncGenerator<RecordedEvent[]> {
  let most = FIRST_PAGE_EVENTS;
  for (let next = from; next <= to; ) {
    const limit = Math.min(most, to - next + 1);
    const page = await log.readStream(stream, { from: next, limit });
    const held = (page.at(-1)?.position ?? START) <= until ? page : page.filter(({ position }) => position <= until);
    if (held.length > 0) yield held;
    if (held.length < limit) return;
    next += held.length;
    most = nextLimit(held);
  }
}
