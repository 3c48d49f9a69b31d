import type { AppendResult, EventStore, NewEvent, RecordedEvent } from '../../events/event-store.ts';

/** The least that commands need of a store: streams in memory. */
export function createPlainEventStore({ clock }: { clock: () => number }): EventStore {
  const streams = new Map<string, RecordedEvent[]>();
  let head = 0;
  const of = (stream: string): RecordedEvent[] => streams.get(stream) ?? [];
  async function append(stream: string, expected: number, events: readonly NewEvent[]): Promise<AppendResult> {
    const there = of(stream);
    if (there.length - 1 !== expected) {
      const standing = there.slice(expected + 1, expected + 1 + events.length);
      const last = standing.at(-1);
      const same = standing.length === events.length && standing.every((event, i) => event.eventId === events[i]?.eventId);
      if (same && last) return { status: 'appended', revision: last.revision, position: last.position, recordedAt: last.recordedAt };
      return { status: 'conflict', actual: there.length - 1 };
    }
    const recordedAt = clock();
    for (const event of events) there.push({ ...event, stream, revision: there.length, position: ++head, recordedAt });
    streams.set(stream, there);
    return { status: 'appended', revision: there.length - 1, position: head, recordedAt };
  }
  const unused = (): never => {
    throw new Error('commands do not read the whole log');
  };
  return {
    epoch: 'test',
    append,
    readStream: async (stream, { from, direction, limit }) => {
      const there = of(stream);
      if (direction !== 'backwards') return there.slice(from ?? 0, (from ?? 0) + limit);
      const end = (from ?? there.length - 1) + 1;
      return there.slice(Math.max(0, end - limit), end).reverse();
    },
    readAll: unused,
    head: async () => head,
    positionBefore: unused,
    subscribe: unused,
    close: async () => undefined,
  };
}
