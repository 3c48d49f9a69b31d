import { expect, test } from 'vitest';
import { NO_STREAM, type RecordedEvent, START } from '../../../events/event-store.ts';
import { assertDurable } from '../../../infra/eventstoredb/durability.ts';
import type { StandInFaults } from '../../../infra/eventstoredb/stand-in/index.ts';
import { sharedPb, uuidText } from '../../../infra/eventstoredb/wire.ts';
import { appended, freshStream, newEvent, newEvents } from '../../contracts/event-store/events.ts';
import { follow } from './load.ts';
import { startWorld, until } from './world.ts';

/** What is to be known of the server, numbered on from the traps of its client. */

test('11: a repeat at the exact revision is known for ever, a batch that stands there in part is a conflict', async () => {
  const { store, standIn, file } = await startWorld();
  const stream = freshStream();
  const events = newEvents(3);
  const first = await appended(store.append(stream, NO_STREAM, events));
  for (let revision = 2; revision < 59; revision++) await appended(store.append(stream, revision, newEvents(1)));
  await store.close();
  await standIn.close();
  const later = await startWorld({ file });
  expect(await later.store.append(stream, NO_STREAM, events)).toEqual(first);
  expect(await later.store.append(stream, NO_STREAM, [...events, newEvent()])).toEqual({
    status: 'conflict',
    actual: 59,
  });
  expect(await later.store.append(stream, 57, [newEvent()])).toEqual({ status: 'conflict', actual: 59 });
});

test('12: a subscription goes on behind the last event, not behind a checkpoint', async () => {
  let nth = 0;
  const faults: StandInFaults = {
    checkpointAhead: () => 500,
    delivery: () => (++nth % 1_500 === 0 ? 'cut' : 'fine'),
  };
  const { store } = await startWorld({ faults });
  const stream = freshStream();
  for (let i = 0; i < 8; i++) await appended(store.append(stream, i * 500 - 1, newEvents(500)));
  const follower = follow(store, START);
  await until('all have come', () => follower.events.length === 4_000);
  expect(follower.events.map((event) => event.revision)).toEqual(Array.from({ length: 4_000 }, (_, i) => i));
  await follower.stop();
});

test('13: a position that no event stands at is read from all the same, one behind the end is not', async () => {
  const { store } = await startWorld({ stride: 100 });
  const stream = freshStream();
  await appended(store.append(stream, NO_STREAM, newEvents(5)));
  const events = await store.readStream(stream, { limit: 5 });
  const [, second] = events as [RecordedEvent, RecordedEvent];
  for (const between of [second.position - 99, second.position - 50, second.position - 1]) {
    expect(await store.readAll({ after: between, limit: 10 })).toEqual(events.slice(1));
    const follower = follow(store, between);
    await until('the rest comes', () => follower.events.length === 4);
    await follower.stop();
  }
  const beyond = (await store.head()) + 100_000;
  const { signal } = new AbortController();
  const following = store.subscribe({ after: beyond, signal })[Symbol.asyncIterator]();
  await expect(following.next()).rejects.toMatchObject({ code: 'corrupt', temporary: false });
});

test('14: a server that keeps events in memory, or does not flush them, is refused where it tells', async () => {
  const settings = (memory: string, flush: string) => [
    { name: 'MemDb', value: memory },
    { name: 'UnsafeDisableFlushToDisk', value: flush },
    { name: 'RunProjections', value: 'True' },
  ];
  const answering = (options: unknown) => ({ http: async () => options });
  await assertDurable(answering(settings('False', 'False')));
  await expect(assertDurable(answering(settings('True', 'False')))).rejects.toThrow(/runs with MemDb:/);
  await expect(assertDurable(answering(settings('False', 'true')))).rejects.toMatchObject({ temporary: false });
  // It tells administrators only, and the stand-in nobody.
  await assertDurable({ http: () => Promise.reject(new Error('401')) });
  await assertDurable(answering({ nothing: 'to see' }));
});

test('15: order is by revision and position, for the times are a wall clock’s', async () => {
  let now = 2_000_000;
  const { store } = await startWorld({
    clock: () => {
      now -= 1_000;
      return now;
    },
  });
  const stream = freshStream();
  for (let revision = NO_STREAM; revision < 9; revision++) await appended(store.append(stream, revision, newEvents(1)));
  const all = await store.readAll({ after: START, limit: 100 });
  expect(all.map((event) => event.revision)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const times = all.map((event) => event.recordedAt);
  expect(times).toEqual(times.toSorted((a, b) => b - a));
});

test('16: an id keeps its 128 bits, as text in any case or in two halves', async () => {
  const { store } = await startWorld();
  const stream = freshStream();
  const eventId = '018F-0000-7000-8000-00000000abcd'.replace('018F-0000', '018FABCD-0000');
  await appended(store.append(stream, NO_STREAM, [{ ...newEvent(), eventId }]));
  const [event] = await store.readStream(stream, { limit: 1 });
  expect(event?.eventId).toBe(eventId.toLowerCase());
  expect((await store.append(stream, NO_STREAM, [{ ...newEvent(), eventId: eventId.toLowerCase() }])).status).toBe(
    'appended',
  );

  const structured = new sharedPb.UUID.Structured();
  structured.setMostSignificantBits(String(BigInt.asIntN(64, 0xf18fabcd00007000n)));
  structured.setLeastSignificantBits(String(BigInt.asIntN(64, 0x800000000000abcdn)));
  const uuid = new sharedPb.UUID();
  uuid.setStructured(structured);
  expect(uuidText(uuid)).toBe('f18fabcd-0000-7000-8000-00000000abcd');
});
