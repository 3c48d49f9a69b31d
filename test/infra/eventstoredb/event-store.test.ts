import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { type Batch, NO_STREAM, type RecordedEvent, START, StoreError } from '../../../events/event-store.ts';
import { createAppender } from '../../../infra/eventstoredb/appender.ts';
import { EPOCH_STREAM } from '../../../infra/eventstoredb/epoch.ts';
import { openEventStoreDb } from '../../../infra/eventstoredb/event-store.ts';
import { withoutRecordedAt, withRecordedAt } from '../../../infra/eventstoredb/events.ts';
import { startStandIn } from '../../../infra/eventstoredb/stand-in/index.ts';
import { openSqliteEventStore } from '../../../infra/sqlite/event-store/index.ts';
import { appended, freshStream, newEvent, newEvents } from '../../contracts/event-store/events.ts';
import { ANN, BOB, createWorld, group, run } from '../../support/commands.ts';
import { testFolder } from '../../support/folder.ts';
import { createMemoryEventStore } from '../../support/memory/event-store.ts';
import { follow, timer } from './load.ts';
import { startWorld, until } from './world.ts';

test('of several processes that begin at once on a new log all have the same epoch', async () => {
  const standIn = await startStandIn({ file: `${testFolder()}/events.db` });
  onTestFinished(standIn.close);
  const open = () => openEventStoreDb({ url: standIn.url, heartbeat: null });
  const stores = await Promise.all(Array.from({ length: 6 }, open));
  onTestFinished(async () => void (await Promise.all(stores.map((store) => store.close()))));
  expect(new Set(stores.map(({ epoch }) => epoch)).size).toBe(1);
  const [first] = stores;
  expect(await first?.readStream(EPOCH_STREAM, { limit: 10 })).toHaveLength(1);
});

test('its own streams and the server’s are not part of the log', async () => {
  const { store } = await startWorld({ store: { heartbeat: { everyMs: 20, alarmMs: 5_000 } } });
  const last = await appended(store.append(freshStream(), NO_STREAM, newEvents(2)));
  const follower = follow(store, START);
  const marks: Batch[] = [];
  const { signal } = new AbortController();
  for await (const batch of store.subscribe({ after: last.position, signal })) if (marks.push(batch) === 3) break;
  // Markers of the heartbeat come by as positions, and as nothing else.
  expect(marks.map(({ events }) => events)).toEqual([[], [], []]);
  expect(marks.map(({ live }) => live)).toEqual([true, true, true]);
  expect(marks.map(({ position }) => position)).toEqual(
    marks.map(({ position }) => position).toSorted((a, b) => a - b),
  );
  await until('the events come', () => follower.events.length === 2);
  await follower.stop();
  expect(await store.head()).toBe(last.position);
  expect(await store.readAll({ after: START, limit: 100 })).toHaveLength(2);
  expect(await store.positionBefore(Date.now() + 1_000)).toBeGreaterThanOrEqual(last.position);
  expect(await store.readAll({ after: last.position, limit: 100 })).toEqual([]);
});

test('the head is found behind however many markers', async () => {
  const { store, file } = await startWorld();
  expect(await store.head()).toBe(START);
  const last = await appended(store.append(freshStream(), NO_STREAM, newEvents(1)));
  const behind = await openSqliteEventStore({ file });
  await appended(behind.append('hindsight-heartbeat-other', NO_STREAM, newEvents(300)));
  expect(await store.head()).toBe(last.position);
  await appended(behind.append('$$hindsight-heartbeat-other', NO_STREAM, newEvents(3)));
  expect(await store.head()).toBe(last.position);
  const next = await appended(store.append(freshStream(), NO_STREAM, newEvents(1)));
  expect(await store.head()).toBe(next.position);
  await behind.close();
});

test('a log that was restored under a running process ends it', async () => {
  const fatal: StoreError[] = [];
  const { store, proxy } = await startWorld({ store: { onFatal: (error) => void fatal.push(error) } });
  const follower = follow(store, START);
  await appended(store.append(freshStream(), NO_STREAM, newEvents(1)));
  await until('the event comes', () => follower.events.length === 1);
  const data = JSON.stringify({ epoch: 'another' });
  await appended(store.append(EPOCH_STREAM, 0, [{ ...newEvent(), type: 'EpochBegan', data }]));
  proxy.reset();
  await until('it is noticed', () => follower.failure() !== null);
  expect(follower.failure()).toMatchObject({ code: 'corrupt', temporary: false });
  expect(fatal).toEqual([follower.failure()]);
});

test('a server that cannot be reached: nothing happened, and that is what is said', async () => {
  const { store, standIn } = await startWorld({ store: { appendDeadlineMs: 1_500 } });
  const stream = freshStream();
  await appended(store.append(stream, NO_STREAM, newEvents(1)));
  await standIn.close();
  // The first may have been on its way when the connection ended; then the connection is known to be gone.
  await store.append(stream, 0, newEvents(1)).catch(() => undefined);
  await expect(store.append(stream, 0, newEvents(1))).rejects.toMatchObject({ code: 'unavailable', temporary: true });
});

test('more appends than memory is for are refused at once', async () => {
  const unreachable = new StoreError('unavailable', 'nobody there');
  const send = (_request: unknown, _told: unknown, timeoutMs: number): Promise<never> =>
    new Promise((_, reject) => void setTimeout(reject, timeoutMs, unreachable));
  const never = { send, retire: () => undefined };
  const reader = { look: async () => [] };
  const appender = createAppender({ batch: never, reader, deadlineMs: 300, onFault: () => undefined });
  const big = { ...newEvent(), data: 'x'.repeat(100 * 1_048_576) };
  const waiting = [1, 2].map(() => appender.append(freshStream(), NO_STREAM, [big]).catch((error: unknown) => error));
  await expect(appender.append(freshStream(), NO_STREAM, [big])).rejects.toMatchObject({
    code: 'busy',
    temporary: true,
  });
  // Nothing was sent, so nothing happened.
  expect(await Promise.all(waiting)).toEqual([unreachable, unreachable]);
});

test('an append that is more than the server takes is refused for good', async () => {
  const { store } = await startWorld();
  const stream = freshStream();
  const huge = { ...newEvent(), data: JSON.stringify('x'.repeat(2_000_000)) };
  await expect(store.append(stream, NO_STREAM, [huge])).rejects.toMatchObject({ code: 'full', temporary: false });
  expect(await store.readStream(stream, { limit: 1 })).toEqual([]);
});

test('an append that the user may not make is refused for good', async () => {
  let denied = false;
  const { store } = await startWorld({ faults: { append: () => (denied ? 'denied' : 'fine') } });
  denied = true;
  await expect(store.append(freshStream(), NO_STREAM, newEvents(1))).rejects.toMatchObject({
    code: 'unavailable',
    temporary: false,
  });
});

test('events copied from another log read as they did there', async () => {
  let now = 1_700_000_000_000;
  const from = createMemoryEventStore({ clock: () => now++ });
  const stream = freshStream();
  const metadata = ['{"v":1}', '{}', '{ "a": "{\\"$recordedAt\\":5}" }', '{"$other":1}'];
  for (const [i, text] of metadata.entries())
    await appended(from.append(stream, i - 1, [{ ...newEvent(), metadata: text }]));
  const original = await from.readStream(stream, { limit: 10 });

  const { store } = await startWorld();
  const first = await appended(store.appendCopied(stream, NO_STREAM, original.slice(0, 3)));
  await appended(store.appendCopied(stream, 2, original.slice(3)));
  expect(await store.appendCopied(stream, NO_STREAM, original.slice(0, 3))).toEqual(first);
  const unplaced = ({ position, ...event }: RecordedEvent) => ({ ...event, placed: position > 0 });
  const copies = await store.readStream(stream, { limit: 10 });
  expect(copies.map(unplaced)).toEqual(original.map(unplaced));
  expect(await store.readAll({ after: START, limit: 10 })).toEqual(copies);
  expect(await store.positionBefore(original[2]?.recordedAt ?? 0)).toBe(copies[1]?.position);
  const follower = follow(store, START);
  await until('they come', () => follower.events.length === 4);
  expect(follower.events).toEqual(copies);
  await follower.stop();
});

test('a time put into metadata comes out again, and the text is as it was', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.maxSafeInteger(), (value, time) => {
      const text = JSON.stringify(value);
      const marked = withRecordedAt(text, time);
      expect(JSON.parse(marked)).toMatchObject({ $recordedAt: time });
      expect(withoutRecordedAt(marked)).toEqual({ metadata: text, recordedAt: time });
    }),
  );
  expect(withoutRecordedAt('{"v":1}')).toEqual({ metadata: '{"v":1}', recordedAt: null });
  expect(() => withRecordedAt('[]', 1)).toThrow(TypeError);
  expect(() => withRecordedAt('{}', 0.5)).toThrow(TypeError);
});

test('two write sides on one chat: every send once, numbered without gaps', async () => {
  const one = await startWorld();
  const other = await openEventStoreDb({ url: one.standIn.url, heartbeat: null });
  onTestFinished(other.close);
  const worlds = [one.store, other].map((store) => createWorld({ store, timer }));
  const [first] = worlds as [(typeof worlds)[0]];
  await group(first);
  await Promise.all(
    worlds.flatMap((world, w) =>
      Array.from({ length: 4 }, async (_, n) => {
        for (let i = 0; i < 15; i++) {
          const reply = await run(world, { type: 'send', actor: n % 2 === 0 ? ANN : BOB, text: `${w}.${n}.${i}` });
          expect(reply).toMatchObject({ changed: true });
        }
      }),
    ),
  );
  const all = await other.readAll({ after: START, limit: 1_000 });
  const sent = all
    .filter((event) => event.type === 'MessageSent')
    .map((event) => JSON.parse(event.data) as { number: number; text: { text: string } });
  expect(sent.map(({ number }) => number)).toEqual(Array.from({ length: 120 }, (_, i) => i + 1));
  expect(new Set(sent.map(({ text }) => text.text)).size).toBe(120);
});
