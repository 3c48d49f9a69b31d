import { type EventLog, type LogPosition, type RecordedEvent, START } from './event-store.ts';

/** Read at once. A caller whose events are long, or who yields to others between pages, reads fewer by itself. */
const PAGE_EVENTS = 1_000;

/**
 * Everything after a position through another, in pages of which none is empty, the next being read while one is worked
 * on.
 */
export async function* pagesOfLog(
  log: Pick<EventLog, 'readAll'>,
  { after: from = START, until }: { after?: LogPosition; until: LogPosition },
): AsyncGenerator<RecordedEvent[]> {
  if (from >= until) return;
  const read = (after: LogPosition): Promise<RecordedEvent[]> => log.readAll({ after, until, limit: PAGE_EVENTS });
  let coming = read(from);
  for (;;) {
    const page = await coming;
    const last = page.at(-1);
    if (!last) return;
    coming = page.length < PAGE_EVENTS ? Promise.resolve([]) : read(last.position);
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
  for (let next = from; next <= to; ) {
    const limit = Math.min(PAGE_EVENTS, to - next + 1);
    const page = await log.readStream(stream, { from: next, limit });
    const held = (page.at(-1)?.position ?? START) <= until ? page : page.filter(({ position }) => position <= until);
    if (held.length > 0) yield held;
    if (held.length < limit) return;
    next += held.length;
  }
}
