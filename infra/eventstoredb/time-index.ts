import { type LogPosition, START } from '../../events/event-store.ts';
import { persistently, readCall } from './calls.ts';
import type { Connection } from './connection.ts';
import { fromWire, isVisible, NO_SYSTEM_STREAMS, positionOf, streamOf } from './events.ts';
import { allRequest } from './requests.ts';

export interface TimeIndex {
  positionBefore(time: number): Promise<LogPosition>;
}

const PAGE_EVENTS_MAX = 4_096;
/** The first page is little more than what lies between two marks, for there the answer mostly is. */
const PAGE_EVENTS_FIRST = 256;
/** Events between two marks: what a later question reads. */
const MARK_EVENTS = 200;

interface Mark {
  /** The events up to here have been looked at. */
  readonly position: LogPosition;
  /** The latest time at which one of them was recorded. */
  readonly latest: number;
}

export interface TimeIndexOptions {
  readonly connection: Connection;
  readonly closed: () => boolean;
  /** Within this a page is read, or given up. */
  readonly deadlineMs: number;
}

interface Context extends TimeIndexOptions {
  /** One now and then, both columns growing. */
  readonly marks: Mark[];
}

/**
 * Finds a position by time. The server cannot: it has an index of streams only, and its clocks may jump. So the log is
 * read once from its beginning as far as the question needs; marks are kept on the way, and later questions read from one
 * to the next, or what was added since.
 */
export function createTimeIndex(options: TimeIndexOptions): TimeIndex {
  const context: Context = { ...options, marks: [] };
  return {
    async positionBefore(time) {
      // Nothing was recorded before 1970.
      if (time <= 0) return START;
      const { marks } = context;
      const passed = marks.findLast((mark) => mark.latest < time);
      let from: Mark = passed ?? { position: START, latest: 0 };
      for (let limit = PAGE_EVENTS_FIRST; ; limit = Math.min(2 * limit, PAGE_EVENTS_MAX)) {
        const page = await look(context, { from, time, limit });
        if (page.found !== null) return page.found;
        if (!page.full) return page.mark.position;
        from = page.mark;
      }
    },
  };
}

interface Looked {
  /** The place before the first event of that time or later. */
  found: LogPosition | null;
  mark: Mark;
  full: boolean;
}

interface Asked {
  readonly from: Mark;
  readonly time: number;
  readonly limit: number;
}

function look({ connection, closed, deadlineMs, marks }: Context, { from, time, limit }: Asked): Promise<Looked> {
  const streams = NO_SYSTEM_STREAMS;
  const request = allRequest({ from: from.position, direction: 'forwards', limit: limit + 1, streams });
  return persistently({ timeoutMs: deadlineMs, closed }, async (timeoutMs) => {
    let { position, latest } = from;
    let count = 0;
    let found: LogPosition | null = null;
    await readCall(connection, request, { timeoutMs }, (event) => {
      const here = positionOf(event);
      if (here <= from.position) return true;
      count += 1;
      if (isVisible(streamOf(event))) {
        const { recordedAt } = fromWire(event);
        if (recordedAt >= time) {
          found = position;
          return false;
        }
        latest = Math.max(latest, recordedAt);
      }
      position = here;
      if (count % MARK_EVENTS === 0 && here > (marks.at(-1)?.position ?? START)) marks.push({ position, latest });
      return count < limit;
    });
    return { found, mark: { position, latest }, full: count === limit };
  });
}
