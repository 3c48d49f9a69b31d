import type { EventLog, LogPosition, RecordedEvent } from '../../events/event-store.ts';
import { partitionKeyOf, partitionOf } from '../../events/partition.ts';

/** So many pages are remembered for other partitions: those that begin together read the log once, not once each. */
const PAGES_KEPT = 4;

export interface MissingOptions {
  readonly log: EventLog;
  readonly partitions: number;
  readonly pageEvents: number;
}

export interface MissingStretch {
  readonly partition: number;
  readonly after: LogPosition;
  readonly until: LogPosition;
}

/** Everything of the partition through this position has been read. */
export interface MissingPage {
  readonly events: readonly RecordedEvent[];
  readonly through: LogPosition;
}

/** What a topic has not told is read from the log, page by page. */
export type ReadMissing = (stretch: MissingStretch) => AsyncIterable<MissingPage>;

export function createMissingReader(options: MissingOptions): ReadMissing {
  const { partitions } = options;
  const readPage = createPages(options);
  return async function* read({ partition, after, until }) {
    for (let held = after; held < until; ) {
      const { events, through } = await readPage(held, until);
      const own = events.filter(
        ({ stream, position }) => position <= until && partitionOf(partitionKeyOf(stream), partitions) === partition,
      );
      held = Math.min(through, until);
      yield { events: own, through: held };
    }
  };
}

function createPages({ log, pageEvents }: MissingOptions) {
  const full = new Map<LogPosition, Promise<RecordedEvent[]>>();

  function keep(after: LogPosition, reading: Promise<RecordedEvent[]>): void {
    full.set(after, reading);
    const [oldest] = full.keys();
    if (full.size > PAGES_KEPT && oldest !== undefined) full.delete(oldest);
  }

  return async (after: LogPosition, until: LogPosition): Promise<MissingPage> => {
    const shared = full.get(after);
    const known = shared && (await shared);
    if (known && known.length >= pageEvents) return { events: known, through: known.at(-1)?.position ?? after };
    // Not beyond what is missing: a whole page for a few events of it may be more than a busy log answers in time.
    const reading = log.readAll({ after, until, limit: pageEvents });
    keep(after, reading);
    let events: RecordedEvent[] = [];
    try {
      events = await reading;
    } finally {
      // Only a full page will be the same when it is read again.
      if (events.length < pageEvents && full.get(after) === reading) full.delete(after);
    }
    // The log was read through `until`: whatever a link tells of was in it before.
    return { events, through: events.length < pageEvents ? until : (events.at(-1)?.position ?? until) };
  };
}
