import { decode, rfc3339 } from '../../events/codec.ts';
import { accepted, type Outcome } from '../../events/error-codes.ts';
import type { EventLog, RecordedEvent } from '../../events/event-store.ts';
import { OPS_AREAS, type OpsArea } from '../../events/ops.ts';
import { pagesOfStream } from '../../events/pages.ts';
import { encodePosition } from '../../events/position.ts';
import { opsStream } from '../../events/streams.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';

/** What an operator did, or an analyst read. */
export interface OpsEntry {
  /** RFC 3339. */
  at: string;
  position: string;
  area: OpsArea;
  actor: string;
  type: string;
  data: Record<string, unknown>;
}

export interface OpsQuery {
  /** Left out: all of them. */
  area?: OpsArea;
  /** Milliseconds since 1970, inclusive. */
  from?: number;
  to?: number;
}

/** Entries in the order of the log. The areas' streams are read side by side: nothing else of the log is touched. */
export async function* opsEntries(log: EventLog, query: OpsQuery): AsyncGenerator<OpsEntry> {
  for await (const { event, area } of merged(log, startsOf(query))) {
    const entry = entryOf(log, event, area);
    if (isWithin(query, entry)) yield entry;
  }
}

export async function opsPage(
  log: EventLog,
  { cursor, limit, ...query }: OpsQuery & { cursor?: string; limit: number },
): Promise<Outcome<{ entries: OpsEntry[]; next: string | null }>> {
  const starts = startsOf(query);
  if (cursor !== undefined) {
    const read = decodeCursor(cursor, FORM);
    if (!read.ok) return read;
    for (const area of starts.keys()) starts.set(area, read.value[OPS_AREAS.indexOf(area)] as number);
  }
  const entries: OpsEntry[] = [];
  for await (const { event, area } of merged(log, starts)) {
    const entry = entryOf(log, event, area);
    if (isWithin(query, entry)) {
      if (entries.length === limit) return accepted({ entries, next: cursorOf(starts) });
      entries.push(entry);
    }
    starts.set(area, event.revision + 1);
  }
  return accepted({ entries, next: null });
}

/** Which revision of which area's stream comes next. */
type Starts = Map<OpsArea, number>;
const FORM = OPS_AREAS.map(() => 'n' as const);
const cursorOf = (starts: Starts): string => encodeCursor(OPS_AREAS.map((area) => starts.get(area) ?? 0));
const startsOf = ({ area }: OpsQuery): Starts => new Map((area ? [area] : OPS_AREAS).map((name) => [name, 0]));

async function* merged(
  log: EventLog,
  starts: ReadonlyMap<OpsArea, number>,
): AsyncGenerator<{ event: RecordedEvent; area: OpsArea }> {
  const lanes = [...starts].map(([area, from]) => ({ area, events: streamEvents(log, opsStream(area), from) }));
  const nexts = new Map<(typeof lanes)[number], RecordedEvent>();
  const advance = async (lane: (typeof lanes)[number]): Promise<void> => {
    const { value } = await lane.events.next();
    if (value) nexts.set(lane, value);
    else nexts.delete(lane);
  };
  await Promise.all(lanes.map(advance));
  for (;;) {
    const [first] = [...nexts].sort(([, a], [, b]) => a.position - b.position);
    if (!first) return;
    const [lane, event] = first;
    yield { event, area: lane.area };
    await advance(lane);
  }
}

async function* streamEvents(log: EventLog, stream: string, from: number): AsyncGenerator<RecordedEvent> {
  for await (const page of pagesOfStream(log, stream, { from })) yield* page;
}

function entryOf({ epoch }: EventLog, event: RecordedEvent, area: OpsArea): OpsEntry {
  const { type, data, metadata } = decode(event);
  const position = encodePosition(epoch, event.position);
  return { at: rfc3339(metadata.at), position, area, actor: metadata.actor, type, data: data as OpsEntry['data'] };
}

function isWithin({ from, to }: OpsQuery, entry: OpsEntry): boolean {
  const at = Date.parse(entry.at);
  return at >= (from ?? at) && at <= (to ?? at);
}
