import * as z from 'zod';
import { CHAT_EVENT_TYPES, ChatData, type ChatEvent } from '../../events/chat.ts';
import { encodeChatEvent } from '../../events/encode.ts';
import { accepted, type Outcome, rejected } from '../../events/error-codes.ts';
import type { EventStore, NewEvent } from '../../events/event-store.ts';
import { ChatId, Ulid } from '../../events/ids.ts';
import { chatStream, revisionOf, seqOf } from '../../events/streams.ts';
import type { ImportReport } from './run.ts';

/** A line of NDJSON: an event as exports and `hindsight events` write it. */
const EventLine = z.looseObject({
  chatId: ChatId,
  seq: z.int().min(1),
  type: z.string().min(1),
  v: z.int().min(1),
  data: z.looseObject({}),
  actor: z.string(),
  at: z.iso.datetime(),
  eventId: z.guid(),
  commandId: Ulid,
  correlationId: Ulid,
  causationId: Ulid.optional(),
});

const BATCH_EVENTS = 1_000;

interface Run {
  store: EventStore;
  file: string;
  report: Omit<ImportReport, 'chatId'> & { chatId: string | null };
  /** Events of one chat, one after the other, not yet appended. */
  batch: ChatEvent[];
}

/**
 * Appends events that were exported, under their own ids, seqs and times, each chat's from 1 on without a gap. What is
 * there already is counted, so an import may be repeated; where the log holds another event in its place, it stops.
 */
export async function importEvents(
  store: EventStore,
  source: { file: string; lines: AsyncIterable<string> },
): Promise<Outcome<Run['report']>> {
  const run: Run = {
    store,
    file: source.file,
    batch: [],
    report: { chatId: null, lines: 0, appended: 0, already: 0, unreadable: [] },
  };
  let line = 0;
  for await (const text of source.lines) {
    line++;
    if (text.trim() === '') continue;
    run.report.lines++;
    const event = readEvent(text);
    if (typeof event === 'string') {
      run.report.unreadable.push({ file: run.file, line, why: event });
      continue;
    }
    const last = run.batch.at(-1);
    if (last && (last.chatId !== event.chatId || event.seq !== last.seq + 1 || run.batch.length === BATCH_EVENTS)) {
      const refused = await flush(run);
      if (refused) return refused;
    }
    run.batch.push(event);
  }
  return (await flush(run)) ?? accepted(run.report);
}

function readEvent(text: string): ChatEvent | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'not JSON';
  }
  const event = EventLine.safeParse(value);
  if (!event.success) return z.prettifyError(event.error);
  const type = CHAT_EVENT_TYPES.find((known) => known === event.data.type);
  const data = type === undefined ? undefined : ChatData[type].safeParse(event.data.data);
  if (data && !data.success) return z.prettifyError(data.error);
  return event.data as unknown as ChatEvent;
}

async function flush(run: Run): Promise<Outcome<never> | null> {
  const [first] = run.batch;
  if (first === undefined) return null;
  const stream = chatStream(first.chatId);
  const events: NewEvent[] = [];
  for (const event of run.batch) {
    const stored = encodeChatEvent(event);
    if (!stored)
      return rejected('bad-request', `${run.file}: event ${event.seq} of ${event.chatId} has its words withheld`);
    events.push({ eventId: event.eventId, ...stored });
  }
  const there = await run.store.readStream(stream, { from: revisionOf(first.seq), limit: events.length });
  const other = there.find((event, index) => event.eventId !== events[index]?.eventId);
  if (other)
    return rejected(
      'import-behind',
      `${run.file}: the log holds another event ${seqOf(other.revision)} of ${first.chatId}`,
    );
  const fresh = events.slice(there.length);
  if (fresh.length > 0) {
    const result = await run.store.append(stream, revisionOf(first.seq) - 1 + there.length, fresh);
    if (result.status === 'conflict') {
      return rejected(
        'import-behind',
        `${run.file}: event ${first.seq + there.length} of ${first.chatId} does not follow the log's last one, ${seqOf(result.actual)}`,
      );
    }
  }
  run.report.chatId = first.chatId;
  run.report.already += there.length;
  run.report.appended += fresh.length;
  run.batch = [];
  return null;
}
