import type { EventLog, LogPosition, RecordedEvent } from '../../events/event-store.ts';
import { pagesOfLog } from '../../events/pages.ts';
import type { Difference } from './report.ts';

export interface Comparison {
  /** Events that are the same on both sides. */
  same: number;
  /** The last revision of each stream of the target. */
  readonly heads: Map<string, number>;
}

export interface CompareOptions {
  readonly source: EventLog;
  /** What the target holds, in any order that keeps each stream's. */
  readonly pages: AsyncIterable<readonly RecordedEvent[]>;
  /** A throw ends the comparison. */
  readonly onDifference: (difference: Difference) => void;
  readonly onProgress: (events: number) => void;
}

/** Holds every event of the target against the one at its place in the source. */
export async function compareTarget(options: CompareOptions): Promise<Comparison> {
  const { source, pages, onDifference, onProgress } = options;
  const comparison: Comparison = { same: 0, heads: new Map() };
  let read = 0;
  for await (const page of pages) {
    for (const [stream, events] of byStream(page)) {
      const [first] = events as [RecordedEvent];
      const originals = await source.readStream(stream, { from: first.revision, limit: events.length });
      events.forEach((event, i) => {
        const what = differenceOf(originals[i], event);
        if (what === null) comparison.same++;
        else onDifference({ stream, revision: event.revision, what });
        comparison.heads.set(stream, event.revision);
      });
    }
    read += page.length;
    onProgress(read);
  }
  return comparison;
}

/** The events of the source that the target lacks: a stream has no gaps, so it is those past its head there. */
export async function findMissing(
  { source, onDifference, onProgress }: Omit<CompareOptions, 'pages'>,
  { heads, until }: { heads: ReadonlyMap<string, number>; until: LogPosition },
): Promise<void> {
  let read = 0;
  for await (const page of pagesOfLog(source, { until })) {
    for (const { stream, revision } of page) {
      if (revision > (heads.get(stream) ?? -1)) onDifference({ stream, revision, what: 'missing' });
    }
    read += page.length;
    onProgress(read);
  }
}

function byStream(page: readonly RecordedEvent[]): Map<string, RecordedEvent[]> {
  const streams = new Map<string, RecordedEvent[]>();
  for (const event of page) {
    const events = streams.get(event.stream);
    if (events) events.push(event);
    else streams.set(event.stream, [event]);
  }
  return streams;
}

export function differenceOf(original: RecordedEvent | undefined, copy: RecordedEvent): Difference['what'] | null {
  if (!original) return 'not-in-the-source';
  if (original.eventId.toLowerCase() !== copy.eventId.toLowerCase()) return 'id';
  if (original.type !== copy.type) return 'type';
  if (original.data !== copy.data) return 'data';
  if (original.metadata !== copy.metadata) return 'metadata';
  return original.recordedAt === copy.recordedAt ? null : 'time';
}
