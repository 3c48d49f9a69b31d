import {
  type AllPage,
  type LogPosition,
  type RecordedEvent,
  START,
  type StreamPage,
} from '../../events/event-store.ts';
import { persistently, type ReadTimes, readCall } from './calls.ts';
import type { Connection } from './connection.ts';
import { fromWire, isVisible, positionOf, streamOf, VISIBLE_STREAMS, type WireEvent } from './events.ts';
import { isBadPosition } from './failure.ts';
import { allRequest, type ReadRequest, streamRequest } from './requests.ts';

export interface Reader {
  readStream(stream: string, page: StreamPage): Promise<RecordedEvent[]>;
  /** As `readStream`, once and within the time; a server that has been silent for long is connected to anew. */
  look(stream: string, page: StreamPage, times: ReadTimes): Promise<RecordedEvent[]>;
  readAll(page: AllPage): Promise<RecordedEvent[]>;
  head(): Promise<LogPosition>;
  /** The position of the last event of all, the adapter's and the server's own among them; `START` when there is none. */
  end(): Promise<LogPosition>;
  /** The greatest position of an event at or before the given one: what the server takes as a place to read from. */
  placeAt(position: LogPosition): Promise<LogPosition>;
}

/** So many times at most a read is begun that the server does not answer at all. */
const ATTEMPTS = 2;
const PLACE_PAGE_EVENTS = 100;
/** What is looked at from the log's end before the server is asked to search. */
const HEAD_PAGE_EVENTS = 16;

export interface ReaderOptions {
  readonly connection: Connection;
  readonly closed: () => boolean;
  /** Within this a read is answered, or given up. */
  readonly deadlineMs: number;
}

interface Context extends ReaderOptions {
  /** The end of the log when `head` was asked last, and what was the head then. */
  seen: { end: LogPosition; head: LogPosition };
}

export function createReader(options: ReaderOptions): Reader {
  const { connection } = options;
  const context: Context = { ...options, seen: { end: START, head: START } };
  return {
    readStream: (stream, page) => readStream(context, stream, page),
    look: async (stream, page, times) => {
      const events: RecordedEvent[] = [];
      await readCall(connection, streamRequest(stream, page), times, into(events, page.limit));
      return events;
    },
    readAll: (page) => readAll(context, page),
    head: () => head(context),
    end: async () => {
      const request = allRequest({ from: 'end', direction: 'backwards', limit: 1, streams: null });
      const [last] = await wireEvents(context, request, 1);
      return last ? positionOf(last) : START;
    },
    placeAt: (position) => placeAt(context, position),
  };
}

function into(events: RecordedEvent[], limit: number): (event: WireEvent) => boolean {
  return (event) => events.push(fromWire(event)) < limit;
}

async function wireEvents(context: Context, request: ReadRequest, limit: number): Promise<WireEvent[]> {
  return attempts(context, async (timeoutMs) => {
    const events: WireEvent[] = [];
    await readCall(context.connection, request, { timeoutMs }, (event) => events.push(event) < limit);
    return events;
  });
}

function attempts<T>(
  { closed, deadlineMs }: Context,
  work: (timeoutMs: number) => Promise<T>,
  leave?: (error: unknown) => boolean,
): Promise<T> {
  return persistently({ timeoutMs: deadlineMs, closed, ...(leave && { leave }) }, (left) =>
    work(Math.min(left, deadlineMs / ATTEMPTS)),
  );
}

async function readStream(context: Context, stream: string, page: StreamPage): Promise<RecordedEvent[]> {
  const { from, direction, limit } = page;
  const read = (asked: StreamPage): Promise<RecordedEvent[]> =>
    attempts(context, async (timeoutMs) => {
      const events: RecordedEvent[] = [];
      await readCall(context.connection, streamRequest(stream, asked), { timeoutMs }, into(events, limit));
      return events;
    });
  const events = await read(page);
  if (events.length > 0 || direction !== 'backwards' || from === undefined) return events;
  // From behind the last event servers may find nothing.
  return (await read({ direction, limit })).filter((event) => event.revision <= from);
}

async function readAll(context: Context, page: AllPage): Promise<RecordedEvent[]> {
  if (page.limit <= 0 || (page.until ?? Number.POSITIVE_INFINITY) <= page.after) return [];
  if (page.direction === 'backwards') return readAllBackwards(context, page);
  try {
    return await attempts(
      context,
      (timeoutMs) => pageFrom(context, page, { from: page.after, timeoutMs }),
      isBadPosition,
    );
  } catch (error) {
    if (!isBadPosition(error)) throw error;
    const from = await placeAt(context, page.after);
    return attempts(context, (timeoutMs) => pageFrom(context, page, { from, timeoutMs }));
  }
}

/** Backwards the server begins with the event before the place: the one behind `until` is looked for first. */
async function readAllBackwards(
  context: Context,
  { after, until = Number.MAX_SAFE_INTEGER, limit }: AllPage,
): Promise<RecordedEvent[]> {
  const [behind] = await readAll(context, { after: until, limit: 1 });
  const from = behind === undefined ? 'end' : behind.position;
  const request = allRequest({ from, direction: 'backwards', limit: limit + 1, streams: VISIBLE_STREAMS });
  return attempts(context, async (timeoutMs) => {
    const events: RecordedEvent[] = [];
    await readCall(context.connection, request, { timeoutMs }, (event) => {
      const position = positionOf(event);
      if (position <= after) return false;
      if (position <= until) events.push(fromWire(event));
      return events.length < limit;
    });
    return events;
  });
}

/** The server begins with the event at the place, which was read before. */
async function pageFrom(
  { connection }: Context,
  { after, until = Number.MAX_SAFE_INTEGER, limit }: AllPage,
  { from, timeoutMs }: { from: LogPosition; timeoutMs: number },
): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  // Each event takes at least one position: the server need not begin on more than can be wanted.
  const most = Math.min(limit, until - after) + 1;
  const request = allRequest({ from, direction: 'forwards', limit: most, streams: VISIBLE_STREAMS });
  await readCall(connection, request, { timeoutMs }, (event) => {
    const position = positionOf(event);
    if (position > until) return false;
    if (position > after) events.push(fromWire(event));
    return events.length < limit;
  });
  return events;
}

/** Mostly the last event is the head. Where markers of heartbeats lie behind it, they are not searched twice. */
async function head(context: Context): Promise<LogPosition> {
  const before = context.seen;
  let last = await lastEvents(context, 1); // whole events come, which may be long
  const mayHide = last.some((event) => positionOf(event) > before.end);
  if (mayHide && firstVisible(last) === null) last = await lastEvents(context, HEAD_PAGE_EVENTS);
  const end = last[0] ? positionOf(last[0]) : START;
  let found = firstVisible(last);
  if (found === null) {
    const oldest = last.at(-1);
    if (!oldest) found = START;
    else if (positionOf(oldest) <= before.end) found = before.head;
    else {
      const search = allRequest({
        from: positionOf(oldest),
        direction: 'backwards',
        limit: 1,
        streams: VISIBLE_STREAMS,
      });
      const [event] = await wireEvents(context, search, 1);
      found = event ? positionOf(event) : START;
    }
  }
  if (end > context.seen.end) context.seen = { end, head: found };
  return found;
}

const lastEvents = (context: Context, limit: number): Promise<WireEvent[]> =>
  wireEvents(context, allRequest({ from: 'end', direction: 'backwards', limit, streams: null }), limit);

function firstVisible(events: WireEvent[]): LogPosition | null {
  const event = events.find((candidate) => isVisible(streamOf(candidate)));
  return event ? positionOf(event) : null;
}

async function placeAt(context: Context, position: LogPosition): Promise<LogPosition> {
  if (position <= START) return START;
  for (let from: number | 'end' = 'end'; ; ) {
    const request = allRequest({ from, direction: 'backwards', limit: PLACE_PAGE_EVENTS, streams: null });
    const events = await wireEvents(context, request, PLACE_PAGE_EVENTS);
    const found = events.find((event) => positionOf(event) <= position);
    if (found) return positionOf(found);
    const oldest = events.at(-1);
    if (!oldest || events.length < PLACE_PAGE_EVENTS) return START;
    from = positionOf(oldest);
  }
}
