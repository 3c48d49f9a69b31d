import { expect, test } from 'vitest';
import { NO_STREAM } from '../../../events/event-store.ts';
import { newEvents } from '../../contracts/event-store/events.ts';
import { timeContract } from '../../contracts/event-store/reads.ts';
import { eventStoreContract } from '../../contracts/event-store.ts';
import { snapshotsContract } from '../../contracts/snapshots.ts';
import { createMemoryEventStore } from './event-store.ts';

eventStoreContract('memory', async () => {
  const store = createMemoryEventStore();
  return { store, close: store.close };
});

timeContract('memory', async (clock) => {
  const store = createMemoryEventStore({ clock });
  return { store, close: store.close };
});

snapshotsContract('memory', async () => {
  const store = createMemoryEventStore();
  return { one: store, other: store, close: store.close };
});

test('a fault before the append leaves nothing, one after it leaves the events', async () => {
  const store = createMemoryEventStore();
  const events = newEvents(1);
  store.faults.failNext('before');
  await expect(store.append('chat-1', NO_STREAM, events)).rejects.toMatchObject({ code: 'unknown', temporary: true });
  expect(await store.readStream('chat-1', { limit: 1 })).toEqual([]);
  store.faults.failNext('after');
  await expect(store.append('chat-1', NO_STREAM, events)).rejects.toMatchObject({ code: 'unknown' });
  expect(await store.append('chat-1', NO_STREAM, events)).toMatchObject({ status: 'appended', revision: 0 });
  expect(await store.head()).toBe(1);
});

test('appends wait while it is paused', async () => {
  const store = createMemoryEventStore();
  store.faults.pause();
  const waiting = store.append('chat-1', NO_STREAM, newEvents(1));
  await new Promise((resolve) => setImmediate(resolve));
  expect(await store.head()).toBe(0);
  store.faults.resume();
  expect((await waiting).status).toBe('appended');
});
