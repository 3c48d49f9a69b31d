import { beforeAll, describe, expect, test } from 'vitest';
import { type EventStore, NO_STREAM, type RecordedEvent, START } from '../../../events/event-store.ts';
import { appended, freshStream, newEvents, readAllOf } from './events.ts';

export function readContract(store: () => EventStore): void {
  describe('a stream of ten', () => {
    const stream = freshStream();
    const revisions = async (page: Parameters<EventStore['readStream']>[1]): Promise<number[]> =>
      (await store().readStream(stream, page)).map((event) => event.revision);

    beforeAll(async () => {
      await appended(store().append(stream, NO_STREAM, newEvents(10)));
    });

    test('forwards, from the first or any revision, at most so many', async () => {
      expect(await revisions({ limit: 100 })).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      expect(await revisions({ limit: 3 })).toEqual([0, 1, 2]);
      expect(await revisions({ from: 8, limit: 100 })).toEqual([8, 9]);
      expect(await revisions({ from: 9, limit: 1 })).toEqual([9]);
      expect(await revisions({ from: 10, limit: 5 })).toEqual([]);
    });

    test('backwards, from the last or any revision', async () => {
      expect(await revisions({ direction: 'backwards', limit: 3 })).toEqual([9, 8, 7]);
      expect(await revisions({ direction: 'backwards', from: 2, limit: 100 })).toEqual([2, 1, 0]);
      expect(await revisions({ direction: 'backwards', from: 0, limit: 1 })).toEqual([0]);
      expect(await revisions({ direction: 'backwards', from: 500, limit: 2 })).toEqual([9, 8]);
    });

    test('that does not exist is empty', async () => {
      const none = freshStream();
      expect(await store().readStream(none, { limit: 10 })).toEqual([]);
      expect(await store().readStream(none, { limit: 10, direction: 'backwards' })).toEqual([]);
    });
  });

  describe('the whole log', () => {
    const streams = [freshStream(), freshStream(), freshStream()];
    let before = START;
    let events: RecordedEvent[] = [];

    beforeAll(async () => {
      before = await store().head();
      for (let round = 0; round < 50; round++) {
        for (const stream of streams) await appended(store().append(stream, round * 2 - 1, newEvents(2)));
      }
      events = await readAllOf(store(), streams, before);
    });

    test('is in position order, streams in revision order, nothing twice and nothing missing', () => {
      expect(events).toHaveLength(300);
      const positions = events.map((event) => event.position);
      expect(positions).toEqual(positions.toSorted((a, b) => a - b));
      expect(new Set(positions).size).toBe(300);
      for (const stream of streams) {
        const revisions = events.filter((event) => event.stream === stream).map((event) => event.revision);
        expect(revisions).toEqual(Array.from({ length: 100 }, (_, i) => i));
      }
    });

    test('ends a page at the limit, at `until`, or at the end', async () => {
      const [first, , third] = events as [RecordedEvent, RecordedEvent, RecordedEvent];
      const page = await store().readAll({ after: before, until: third.position, limit: 1_000 });
      expect(page.at(-1)).toEqual(third);
      expect(await store().readAll({ after: first.position, until: first.position, limit: 10 })).toEqual([]);
      expect(await store().readAll({ after: before, limit: 7 })).toHaveLength(7);
      expect(await store().readAll({ after: await store().head(), limit: 10 })).toEqual([]);
    });

    test('is read backwards: the same events, from the last down, in pages that follow each other', async () => {
      const ours = (page: RecordedEvent[]) => page.filter(({ stream }) => streams.includes(stream));
      const until = events.at(-1)?.position ?? START;
      const back = await store().readAll({ after: before, until, direction: 'backwards', limit: 100_000 });
      expect(ours(back)).toEqual(events.toReversed());
      const [last, next] = back as [RecordedEvent, RecordedEvent];
      expect(await store().readAll({ after: before, until, direction: 'backwards', limit: 1 })).toEqual([last]);
      const rest = { after: before, until: last.position - 1, direction: 'backwards', limit: 1 } as const;
      expect(await store().readAll(rest)).toEqual([next]);
      const found: RecordedEvent[] = [];
      for (let end = until; end > before; end = (found.at(-1)?.position ?? 0) - 1) {
        const page = await store().readAll({ after: before, until: end, direction: 'backwards', limit: 97 });
        if (page.length === 0) break;
        found.push(...page);
      }
      expect(found).toEqual(back);
      const head = await store().head();
      const [newest] = await store().readAll({ after: START, direction: 'backwards', limit: 1 });
      expect(newest?.position).toBeGreaterThanOrEqual(head);
    });

    test('has its head at the last event', async () => {
      const last = await appended(store().append(freshStream(), NO_STREAM, newEvents(2)));
      expect(await store().head()).toBeGreaterThanOrEqual(last.position);
      const rest = await store().readAll({ after: last.position - 1, limit: 1 });
      expect(rest[0]?.position).toBe(last.position);
    });

    test('is found by time: the next event behind the answer is the first recorded then or later', async () => {
      for (const time of new Set(events.map((event) => event.recordedAt))) {
        const place = await store().positionBefore(time);
        const [next] = await store().readAll({ after: place, limit: 1 });
        expect(next?.recordedAt).toBeGreaterThanOrEqual(time);
        const since = events.filter((event) => event.recordedAt >= time);
        expect(since.every((event) => event.position > place)).toBe(true);
      }
      expect(await store().positionBefore(0)).toBe(START);
      expect(await store().positionBefore(Date.now() + 86_400_000)).toBeGreaterThanOrEqual(
        events.at(-1)?.position ?? 0,
      );
    });
  });
}

/** With a clock in the test's hand: times may run backwards, and the answer is exact nevertheless. */
export function timeContract(
  name: string,
  make: (clock: () => number) => Promise<{ store: EventStore; close: () => Promise<void> }>,
): void {
  test(`${name}: positions by time are exact for a clock that jumps`, async () => {
    let now = 1_000_000;
    const { store, close } = await make(() => now);
    const jumps = [0, 5, 5, -3, 10, 0, -20, 1, 40, 2, -1, 3];
    for (let i = 0; i < 220; i++) {
      now += jumps[i % jumps.length] ?? 0;
      await appended(store.append(freshStream(), NO_STREAM, newEvents(17)));
    }
    const events = await store.readAll({ after: START, limit: 10_000 });
    expect(events).toHaveLength(220 * 17);
    const times = [...new Set(events.map((event) => event.recordedAt))];
    for (const time of times.flatMap((at) => [at - 1, at, at + 1])) {
      const first = events.find((event) => event.recordedAt >= time);
      expect(await store.positionBefore(time)).toBe(first ? first.position - 1 : events.at(-1)?.position);
    }
    await close();
  });
}
