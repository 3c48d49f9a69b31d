import { type NewEvent, NO_STREAM } from '../../events/event-store.ts';

const EVENT_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** What no caller may get wrong, whatever the store: it throws before anything is sent. */
export function assertAppend(expected: number, events: readonly NewEvent[]): void {
  if (!Number.isSafeInteger(expected) || expected < NO_STREAM) throw new TypeError(`no revision: ${expected}`);
  if (events.length === 0) throw new TypeError('an append needs an event');
  for (const { eventId } of events) {
    if (!EVENT_ID.test(eventId)) throw new TypeError(`an event's id must be a UUID, not ${JSON.stringify(eventId)}`);
  }
}
