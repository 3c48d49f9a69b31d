import type { AppendResult, NewEvent, RecordedEvent } from '../../../events/event-store.ts';
import { APPENDED, type AppendGroup, CONFLICT, type GroupResult } from './wire.ts';

/** An append that somebody waits for. */
export interface Append {
  stream: string;
  expected: number;
  events: readonly NewEvent[];
  resolve: (result: AppendResult) => void;
  reject: (error: Error) => void;
}

/** Bounds what one message costs the calling thread at a stretch, there and back. */
const GROUP_EVENTS_MAX = 500;

export function takeGroup(waiting: Append[]): { group: Append[]; rest: Append[] } {
  let events = 0;
  let end = 0;
  while (end < waiting.length && events < GROUP_EVENTS_MAX) events += waiting[end++]?.events.length ?? 0;
  return end === waiting.length
    ? { group: waiting, rest: [] }
    : { group: waiting.slice(0, end), rest: waiting.slice(end) };
}

export function toMessage(appends: Append[], recordedAt: number): AppendGroup {
  const events = appends.flatMap((append) => append.events);
  return {
    kind: 'append',
    recordedAt,
    streams: appends.map((append) => append.stream),
    expected: appends.map((append) => append.expected),
    counts: appends.map((append) => append.events.length),
    eventIds: events.map((event) => event.eventId),
    types: events.map((event) => event.type),
    data: events.map((event) => event.data),
    metadata: events.map((event) => event.metadata),
  };
}

export function toResult(result: GroupResult, i: number): AppendResult {
  const revision = result.revisions[i] ?? 0;
  if (result.status[i] === CONFLICT) return { status: 'conflict', actual: revision };
  return { status: 'appended', revision, position: result.positions[i] ?? 0 };
}

export function recordedEvents(done: Append[], result: GroupResult): RecordedEvent[] {
  return done.flatMap(({ stream, events }, i) => {
    if (result.status[i] !== APPENDED) return [];
    const revision = (result.revisions[i] ?? 0) - events.length + 1;
    const position = (result.positions[i] ?? 0) - events.length + 1;
    const recordedAt = result.recordedAt[i] ?? 0;
    return events.map((event, k) => ({
      eventId: event.eventId.toLowerCase(),
      type: event.type,
      data: event.data,
      metadata: event.metadata,
      stream,
      revision: revision + k,
      position: position + k,
      recordedAt,
    }));
  });
}
