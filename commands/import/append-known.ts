import type { AppendResult, EventStore, NewEvent } from '../../events/event-store.ts';

const TRIES = 10;

/** Appends. An unknown outcome, or a store that is busy, is settled by the identical call. */
export async function appendKnown(
  store: EventStore,
  stream: string,
  { expected, events }: { expected: number; events: readonly NewEvent[] },
): Promise<AppendResult> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await store.append(stream, expected, events);
    } catch (error) {
      const temporary = (error as { temporary?: boolean }).temporary === true;
      if (!temporary || attempt === TRIES) throw error;
    }
  }
}
