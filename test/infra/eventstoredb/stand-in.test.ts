import { randomUUID } from 'node:crypto';
import {
  BACKWARDS,
  END,
  EventStoreDBClient,
  excludeSystemEvents,
  FORWARDS,
  jsonEvent,
  NO_STREAM,
  START,
  STREAM_EXISTS,
  StreamNotFoundError,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { expect, onTestFinished, test } from 'vitest';
import { NO_STREAM as NONE } from '../../../events/event-store.ts';
import { openEventStoreDb } from '../../../infra/eventstoredb/event-store.ts';
import { startStandIn } from '../../../infra/eventstoredb/stand-in/index.ts';
import { appended, freshStream, newEvents } from '../../contracts/event-store/events.ts';
import { testFolder } from '../../support/folder.ts';

/** EventStoreDB's own client, by its own commands, takes the stand-in for what it speaks. */
async function startClient(options: { tls?: { key: string; cert: string } } = {}) {
  const standIn = await startStandIn({ file: `${testFolder()}/events.db`, ...options });
  onTestFinished(standIn.close);
  const client = EventStoreDBClient.connectionString(standIn.url);
  onTestFinished(client.dispose);
  return { standIn, client };
}

const made = (text: string) => jsonEvent({ id: randomUUID(), type: 'Made', data: { text }, metadata: { by: 'me' } });

async function collected<T>(events: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const event of events) all.push(event);
  return all;
}

test('appends at every kind of expected revision, and what is answered when it is not so', async () => {
  const { client } = await startClient();
  const stream = freshStream();
  const first = await client.appendToStream(stream, [made('a'), made('b')], { expectedRevision: NO_STREAM });
  expect(first).toMatchObject({ success: true, nextExpectedRevision: 1n });
  expect(first.position?.commit).toBe(first.position?.prepare);
  const next = await client.appendToStream(stream, made('c'), { expectedRevision: 1n });
  expect(next.nextExpectedRevision).toBe(2n);
  expect((await client.appendToStream(stream, made('d'))).nextExpectedRevision).toBe(3n);
  const exists = { expectedRevision: STREAM_EXISTS } as const;
  expect((await client.appendToStream(stream, made('e'), exists)).nextExpectedRevision).toBe(4n);
  const wrong = client.appendToStream(stream, made('f'), { expectedRevision: 1n });
  await expect(wrong).rejects.toBeInstanceOf(WrongExpectedVersionError);
  await expect(wrong).rejects.toMatchObject({ actualVersion: 4n, expectedVersion: 1n });
  const missing = client.appendToStream(freshStream(), made('g'), { expectedRevision: 0n });
  await expect(missing).rejects.toMatchObject({ actualVersion: 'no_stream' });
  await expect(client.appendToStream(freshStream(), made('h'), exists)).rejects.toBeInstanceOf(
    WrongExpectedVersionError,
  );
});

test('the older call for a single append answers the same', async () => {
  const { client } = await startClient();
  const stream = freshStream();
  // Credentials with the call make the client take that way.
  const credentials = { username: 'anybody', password: 'at all' };
  const events = [made('a'), made('b')];
  const first = await client.appendToStream(stream, events, { expectedRevision: NO_STREAM, credentials });
  expect(first).toMatchObject({ success: true, nextExpectedRevision: 1n });
  expect(await client.appendToStream(stream, events, { expectedRevision: NO_STREAM, credentials })).toEqual(first);
  const wrong = client.appendToStream(stream, made('c'), { expectedRevision: 0n, credentials });
  await expect(wrong).rejects.toMatchObject({ actualVersion: 1n, expectedVersion: 0n });
});

test('reads of a stream and of all, both ways, from either end or a place', async () => {
  const { client } = await startClient();
  const stream = freshStream();
  await client.appendToStream(stream, ['a', 'b', 'c', 'd'].map(made));
  const texts = async (options: Parameters<typeof client.readStream>[1]): Promise<unknown[]> =>
    (await collected(client.readStream(stream, options))).map(({ event }) => event?.data);
  const all = ['a', 'b', 'c', 'd'].map((text) => ({ text }));
  expect(await texts({ direction: FORWARDS, fromRevision: START })).toEqual(all);
  expect(await texts({ direction: BACKWARDS, fromRevision: END, maxCount: 2 })).toEqual([all[3], all[2]]);
  expect(await texts({ direction: FORWARDS, fromRevision: 1n, maxCount: 2 })).toEqual([all[1], all[2]]);
  await expect(collected(client.readStream(freshStream()))).rejects.toBeInstanceOf(StreamNotFoundError);

  const events = await collected(client.readAll());
  expect(events.map(({ event }) => event?.streamId)).toEqual(Array(4).fill(stream));
  const third = events[2]?.event?.position ?? { commit: 0n, prepare: 0n };
  const from = await collected(client.readAll({ fromPosition: third }));
  expect(from.map(({ event }) => event?.data)).toEqual([all[2], all[3]]);
  const back = await collected(client.readAll({ direction: BACKWARDS, fromPosition: third }));
  expect(back.map(({ event }) => event?.data)).toEqual([all[1], all[0]]);
  expect(events[0]?.event).toMatchObject({ type: 'Made', isJson: true, metadata: { by: 'me' }, revision: 0n });
  expect(Date.now() - (events[0]?.event?.created.getTime() ?? 0)).toBeLessThan(60_000);
});

test('a subscription behind a place, filtered, with checkpoints and the word that it has caught up', async () => {
  const { client } = await startClient();
  const stream = freshStream();
  await client.setStreamMetadata(stream, { maxCount: 5 });
  await client.appendToStream(
    stream,
    Array.from({ length: 100 }, (_, i) => made(String(i))),
  );
  const [, second] = await collected(client.readAll({ maxCount: 2 }));
  const checkpoints: bigint[] = [];
  const subscription = client.subscribeToAll({
    fromPosition: second?.event?.position ?? START,
    filter: excludeSystemEvents({
      checkpointInterval: 1,
      checkpointReached: async (_, { commit }) => void checkpoints.push(commit),
    }),
  });
  const caughtUp = new Promise<void>((resolve) => subscription.once('caughtUp', () => resolve()));
  const texts: string[] = [];
  for await (const { event } of subscription) {
    if (!event) continue;
    texts.push((event.data as { text: string }).text);
    if (texts.length === 99) {
      await caughtUp;
      await client.appendToStream(stream, made('live'));
    }
    if (texts.at(-1) === 'live') break;
  }
  expect(texts).toEqual([...Array.from({ length: 99 }, (_, i) => String(i + 1)), 'live']);
  expect(checkpoints.length).toBeGreaterThan(1);
});

test('a cluster is looked for by gossip', async () => {
  const { standIn } = await startClient();
  const store = await openEventStoreDb({ url: standIn.url.replace('esdb://', 'esdb+discover://'), heartbeat: null });
  onTestFinished(store.close);
  expect((await appended(store.append(freshStream(), NONE, newEvents(2)))).revision).toBe(1);
});
