import { expect, test } from 'vitest';
import { type EventStore, NO_STREAM } from '../../../events/event-store.ts';
import { appended, freshStream, newEvent, newEvents } from './events.ts';

type Reopen = (() => Promise<EventStore>) | undefined;

export function appendContract(store: () => EventStore, reopen: () => Reopen): void {
  test('a first append makes the stream, and says where its last event stands', async () => {
    const stream = freshStream();
    const events = newEvents(3);
    const before = await store().head();
    const result = await appended(store().append(stream, NO_STREAM, events));
    expect(result.revision).toBe(2);
    expect(result.position).toBeGreaterThan(before);
    const read = await store().readStream(stream, { limit: 10 });
    expect(read.map(({ eventId, type, data, metadata }) => ({ eventId, type, data, metadata }))).toEqual(events);
    expect(read.at(-1)).toMatchObject({ stream, revision: 2, position: result.position });
  });

  test('is refused where the stream is not exactly at the expected revision', async () => {
    const stream = freshStream();
    expect(await store().append(stream, 0, newEvents(1))).toEqual({ status: 'conflict', actual: NO_STREAM });
    await appended(store().append(stream, NO_STREAM, newEvents(2)));
    expect(await store().append(stream, NO_STREAM, newEvents(1))).toEqual({ status: 'conflict', actual: 1 });
    expect(await store().append(stream, 0, newEvents(1))).toEqual({ status: 'conflict', actual: 1 });
    expect(await store().append(stream, 2, newEvents(1))).toEqual({ status: 'conflict', actual: 1 });
    expect(await store().readStream(stream, { limit: 10 })).toHaveLength(2);
  });

  test('a repeat is answered as at first, however much came after it, and adds nothing', async () => {
    const stream = freshStream();
    const first = newEvents(2);
    const second = newEvents(1);
    const atFirst = await appended(store().append(stream, NO_STREAM, first));
    const later = await appended(store().append(stream, 1, second));
    for (let revision = 2; revision < 40; revision++) await appended(store().append(stream, revision, newEvents(1)));
    expect(await store().append(stream, NO_STREAM, first)).toEqual(atFirst);
    expect(await store().append(stream, 1, second)).toEqual(later);
    expect(await store().readStream(stream, { limit: 100 })).toHaveLength(41);
  });

  test('a repeat in the same instant is one append', async () => {
    const stream = freshStream();
    const events = newEvents(2);
    const answers = await Promise.all(Array.from({ length: 20 }, () => store().append(stream, NO_STREAM, events)));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(await store().readStream(stream, { limit: 100 })).toHaveLength(2);
  });

  test('a batch of which only a part stands there is a conflict', async () => {
    const stream = freshStream();
    const [a, b, c] = [newEvent(), newEvent(), newEvent()];
    await appended(store().append(stream, NO_STREAM, [a, b]));
    expect(await store().append(stream, NO_STREAM, [a, b, c])).toEqual({ status: 'conflict', actual: 1 });
    expect(await store().append(stream, NO_STREAM, [a, c])).toEqual({ status: 'conflict', actual: 1 });
    expect(await store().append(stream, NO_STREAM, [b])).toEqual({ status: 'conflict', actual: 1 });
    expect(await store().append(stream, 0, [a])).toEqual({ status: 'conflict', actual: 1 });
    expect(await store().append(stream, NO_STREAM, [a])).toMatchObject({ status: 'appended', revision: 0 });
    expect(await store().readStream(stream, { limit: 10 })).toHaveLength(2);
  });

  test('the same ids in another stream are another append', async () => {
    const events = newEvents(2);
    const one = await appended(store().append(freshStream(), NO_STREAM, events));
    const other = await appended(store().append(freshStream(), NO_STREAM, events));
    expect(other.position).toBeGreaterThan(one.position);
  });

  test('of many at once to one stream exactly one wins each revision', async () => {
    const stream = freshStream();
    await appended(store().append(stream, NO_STREAM, newEvents(1)));
    const answers = await Promise.all(Array.from({ length: 50 }, () => store().append(stream, 0, newEvents(2))));
    expect(answers.filter((answer) => answer.status === 'appended')).toHaveLength(1);
    const lost = answers.filter((answer) => answer.status === 'conflict');
    expect(lost).toHaveLength(49);
    // Those decided before the winner cannot be: nobody else could have moved the stream.
    expect(new Set(lost.map((answer) => answer.actual))).toEqual(new Set([2]));
    expect((await store().readStream(stream, { limit: 10 })).map((event) => event.revision)).toEqual([0, 1, 2]);
  });

  test('of many at once to many streams each succeeds, batches in one piece', async () => {
    const streams = Array.from({ length: 200 }, () => freshStream());
    const before = await store().head();
    await Promise.all(streams.map((stream, i) => appended(store().append(stream, NO_STREAM, newEvents(1 + (i % 4))))));
    const lengths = await Promise.all(streams.map((stream) => store().readStream(stream, { limit: 10 })));
    expect(lengths.map((events) => events.length)).toEqual(streams.map((_, i) => 1 + (i % 4)));
    const positions = lengths.flat().map((event) => event.position);
    expect(new Set(positions).size).toBe(positions.length);
    expect(Math.min(...positions)).toBeGreaterThan(before);
  });

  test('keeps text as it is: any Unicode, long, with quotes and control characters', async () => {
    const stream = freshStream('räume 🏠');
    const texts = [
      '',
      'null\u0000inside',
      '👩‍👩‍👧‍👦 e\u0301 \u2028',
      '"\\\'; DROP TABLE events; --',
      'x'.repeat(300_000),
    ];
    const events = texts.map((text) => newEvent(text));
    await appended(store().append(stream, NO_STREAM, events));
    const read = await store().readStream(stream, { limit: 10 });
    expect(read.map((event) => (JSON.parse(event.data) as { text: string }).text)).toEqual(texts);
    expect(read.map((event) => event.data)).toEqual(events.map((event) => event.data));
  });

  test('what cannot be an append is the caller’s mistake', async () => {
    const stream = freshStream();
    await expect(store().append(stream, NO_STREAM, [])).rejects.toThrow(TypeError);
    await expect(store().append(stream, -2, newEvents(1))).rejects.toThrow(TypeError);
    await expect(store().append(stream, 0.5, newEvents(1))).rejects.toThrow(TypeError);
    await expect(store().append(stream, NO_STREAM, [{ ...newEvent(), eventId: 'no-uuid' }])).rejects.toThrow(TypeError);
    expect(await store().readStream(stream, { limit: 10 })).toEqual([]);
  });

  test('another adapter on the same log reads the same, knows repeats, and appends on', async () => {
    const again = reopen() ?? (async () => store());
    const stream = freshStream();
    const events = newEvents(3);
    const atFirst = await appended(store().append(stream, NO_STREAM, events));
    const read = await store().readStream(stream, { limit: 10 });
    const other = await again();
    expect(other.epoch).toBe(store().epoch);
    expect(await other.readStream(stream, { limit: 10 })).toEqual(read);
    expect(await other.append(stream, NO_STREAM, events)).toEqual(atFirst);
    const later = await appended(other.append(stream, 2, newEvents(1)));
    expect(later.position).toBeGreaterThan(atFirst.position);
    expect(await store().append(stream, 2, newEvents(1))).toEqual({ status: 'conflict', actual: 3 });
    expect(await store().readStream(stream, { limit: 10 })).toHaveLength(4);
    if (other !== store()) await other.close();
  });
}
