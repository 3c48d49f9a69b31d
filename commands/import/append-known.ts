import { type AppendResult, type EventStore, type NewEvent, StoreError } from '../../events/event-store.ts';
import { appendUntilKnown } from '../append.ts';
import { systemTimer } from '../system-timer.ts';

/** Nobody waits behind an import, and one that stops can be repeated: a store may take its time. */
const APPEND_DEADLINE_MS = 30_000;

/** Appends as commands do. What did not come about, or nobody knows about, is thrown. */
export async function appendKnown(
  store: EventStore,
  stream: string,
  { expected, events }: { expected: number; events: readonly NewEvent[] },
): Promise<AppendResult> {
  const result = await appendUntilKnown({
    store,
    timer: systemTimer,
    stream,
    expected,
    events,
    deadline: systemTimer.now() + APPEND_DEADLINE_MS,
    pursue: false,
    closing: () => false,
  });
  if (result.status === 'lost') throw result.error;
  if (result.status === 'unknown') throw new StoreError('unknown', `nobody knows whether ${stream} was appended to`);
  return result;
}
