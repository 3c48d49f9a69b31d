import { randomBytes, randomUUID } from 'node:crypto';
import type { AppendResult, EventStore, NewEvent, RecordedEvent } from '../../../events/event-store.ts';

let made = 0;

export function newEvent(text = `event ${++made}`): NewEvent {
  return {
    eventId: randomUUID(),
    type: 'Tested',
    data: JSON.stringify({ text }),
    metadata: JSON.stringify({ v: 1, n: made }),
  };
}

export const newEvents = (count: number): NewEvent[] => Array.from({ length: count }, () => newEvent());

/** Names that no other run has used, as the log may be shared and everlasting. */
const RUN = randomBytes(6).toString('hex');
let named = 0;
export const freshStream = (prefix = 'contract'): string => `${prefix}-${RUN}.${++named}`;

export type Appended = Extract<AppendResult, { status: 'appended' }>;

export async function appended(result: Promise<AppendResult>): Promise<Appended> {
  const answer = await result;
  if (answer.status !== 'appended') throw new Error(`not appended: the stream is at ${answer.actual}`);
  return answer;
}

/** A page at a time, to the end, of the streams that are asked for. */
export async function readAllOf(store: EventStore, streams: Iterable<string>, after: number): Promise<RecordedEvent[]> {
  const wanted = new Set(streams);
  const found: RecordedEvent[] = [];
  let from = after;
  for (;;) {
    const page = await store.readAll({ after: from, limit: 100 });
    found.push(...page.filter((event) => wanted.has(event.stream)));
    if (page.length < 100) return found;
    from = page.at(-1)?.position ?? from;
  }
}

export const key = (event: RecordedEvent): string => `${event.stream}@${event.revision}`;
