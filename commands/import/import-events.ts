import * as z from 'zod';
import { CHAT_EVENT_TYPES, ChatData, type ChatEvent } from '../../events/chat.ts';
import { decode } from '../../events/codec.ts';
import { encodeChatEvent } from '../../events/encode.ts';
import { accepted, type Outcome, rejected } from '../../events/error-codes.ts';
import type { EventStore, NewEvent } from '../../events/event-store.ts';
import { ChatId, Ulid } from '../../events/ids.ts';
import { chatStream, revisionOf, seqOf } from '../../events/streams.ts';
import { appendKnown } from './append-known.ts';
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

/** What an export over HTTP ends with. */
const EndLine = z.looseObject({ end: z.literal(true), count: z.int(), sha256: z.string() });

/** Events held until they are appended, of all chats together. */
const BATCH_EVENTS = 1_000;

interface Run {
  store: EventStore;
  file: string;
  report: EventsReport;
  /** By chat: events one after the other, not yet appended. */
  batches: Map<ChatId, ChatEvent[]>;
  held: number;
  chats: Set<ChatId>;
}

/** `chatId` is null where the file holds none or several. */
export type EventsReport = Omit<ImportReport, 'chatId'> & { chatId: string | null };

/**
 * Appends events that were exported, under their own ids, seqs and times, each chat's from 1 on without a gap. What is
 * there already is counted, so an import may be repeated; where the log holds another event in its place, it stops.
 */
export async function importEvents(
  store: EventStore,
  source: { file: string; lines: AsyncIterable<string>; onProgress?: (lines: number) => void },
): Promise<Outcome<EventsReport>> {
  const run: Run = {
    store,
    file: source.file,
    batches: new Map(),
    held: 0,
    chats: new Set(),
    report: { chatId: null, lines: 0, appended: 0, already: 0, unreadable: [] },
  };
  let line = 0;
  for await (const text of source.lines) {
    line++;
    if (text.trim() === '') continue;
    const event = readEvent(text);
    if (event === 'end') continue;
    run.report.lines++;
    if (typeof event === 'string') {
      run.report.unreadable.push({ file: run.file, line, why: event });
      continue;
    }
    const refused = await hold(run, event);
    if (refused) return refused;
    if (run.held === 0) source.onProgress?.(run.report.lines);
  }
  const refused = await flush(run);
  if (refused) return refused;
  source.onProgress?.(run.report.lines);
  const [chatId = null] = run.chats;
  return accepted({ ...run.report, chatId: run.chats.size === 1 ? chatId : null });
}

function readEvent(text: string): ChatEvent | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'not JSON';
  }
  if (EndLine.safeParse(value).success) return 'end';
  const event = EventLine.safeParse(value);
  if (!event.success) return z.prettifyError(event.error);
  const { seq, type: name } = event.data;
  if ((seq === 1) !== (name === 'ChatStarted')) return 'a chat begins with ChatStarted, and only begins with it';
  const type = CHAT_EVENT_TYPES.find((known) => known === name);
  const data = type === undefined ? undefined : ChatData[type].safeParse(event.data.data);
  if (data && !data.success) return z.prettifyError(data.error);
  return event.data as unknown as ChatEvent;
}

async function hold(run: Run, event: ChatEvent): Promise<Outcome<never> | null> {
  const last = run.batches.get(event.chatId)?.at(-1);
  if (run.held === BATCH_EVENTS || (last && event.seq !== last.seq + 1)) {
    const refused = await flush(run);
    if (refused) return refused;
  }
  const batch = run.batches.get(event.chatId);
  if (batch) batch.push(event);
  else run.batches.set(event.chatId, [event]);
  run.held++;
  return null;
}

/** The chats at once: an append of each then shares its way to the disk with the others. */
async function flush(run: Run): Promise<Outcome<never> | null> {
  const answers = await Promise.all([...run.batches.values()].map((batch) => appendBatch(run, batch)));
  run.batches.clear();
  run.held = 0;
  return answers.find((answer) => answer !== null) ?? null;
}

async function appendBatch(run: Run, batch: readonly ChatEvent[]): Promise<Outcome<never> | null> {
  const [first] = batch;
  if (first === undefined) return null;
  const stream = chatStream(first.chatId);
  const events: NewEvent[] = [];
  for (const event of batch) {
    const stored = encodeChatEvent(event);
    if (!stored)
      return rejected(
        'bad-request',
        `${run.file}: event ${event.seq} of ${event.chatId} has its words withheld, or was damaged`,
      );
    events.push({ eventId: event.eventId.toLowerCase(), ...stored });
  }
  const from = revisionOf(first.seq);
  const there = await run.store.readStream(stream, { from, limit: events.length });
  const other = there.find((event, index) => event.eventId !== events[index]?.eventId);
  if (other) {
    return rejected(
      'import-behind',
      `${run.file}: the log holds another event ${seqOf(other.revision)} of ${first.chatId}`,
    );
  }
  const fresh = events.slice(there.length);
  if (fresh.length > 0) {
    const late = await outOfTime(run.store, batch);
    if (late !== null) return rejected('bad-request', `${run.file}: ${late}`);
    const result = await appendKnown(run.store, stream, { expected: from - 1 + there.length, events: fresh });
    if (result.status === 'conflict') {
      return rejected(
        'import-behind',
        `${run.file}: event ${first.seq + there.length} of ${first.chatId} does not follow the log's last one, ${seqOf(result.actual)}`,
      );
    }
  }
  run.chats.add(first.chatId);
  run.report.already += there.length;
  run.report.appended += fresh.length;
  return null;
}

/** Why the events' times cannot stand: a chat's time never falls, or its past could not be asked for by time. */
async function outOfTime(store: EventStore, batch: readonly ChatEvent[]): Promise<string | null> {
  const [first] = batch;
  if (first === undefined) return null;
  const [before] =
    first.seq === 1
      ? []
      : await store.readStream(chatStream(first.chatId), { from: revisionOf(first.seq) - 1, limit: 1 });
  let at = before ? decode(before).metadata.at : Number.NEGATIVE_INFINITY;
  for (const event of batch) {
    if (Date.parse(event.at) < at) return `event ${event.seq} of ${event.chatId} is earlier than the one before`;
    at = Date.parse(event.at);
  }
  return null;
}
