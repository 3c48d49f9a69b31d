import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type NewEvent, NO_STREAM, START } from '../../events/event-store.ts';
import { type EventStoreDbStore, openEventStoreDb } from '../../infra/eventstoredb/event-store.ts';
import { startChild } from './child.ts';
import { median, pairs, type Verdict } from './pairs.ts';

const PAIRS = 3;
const SECONDS = 1.5;
/** Appends in flight, one per stream, of an event each; and of many. */
const SINGLES_IN_FLIGHT = 256;
const BATCHES_IN_FLIGHT = 16;
const BATCH_EVENTS = 100;
/** A machine that others use too may keep an append waiting for long. */
const APPEND_DEADLINE_MS = 30_000;
/** Bytes of an event's data. */
const DATA_BYTES = 180;
const READ_EVENTS = 20_000;
const READ_PAGE_EVENTS = 1_000;

/** What a chat's queue makes of many sends: one append of many events, instead of one append for each. */
export async function benchEventStoreAppends(): Promise<Verdict[]> {
  const folder = mkdtempSync(join(tmpdir(), 'hindsight-bench-'));
  const server = await startChild<{ url: string }>('event-store-process', [join(folder, 'events.db')]);
  const url = process.env.HINDSIGHT_TEST_EVENTSTORE_URL ?? server.ready.url;
  const store = await openEventStoreDb({ url, appendDeadlineMs: APPEND_DEADLINE_MS });
  const result = await pairs(
    PAIRS,
    () => appendLoad(store, { inFlight: SINGLES_IN_FLIGHT, events: 1 }),
    () => appendLoad(store, { inFlight: BATCHES_IN_FLIGHT, events: BATCH_EVENTS }),
  );
  const details = {
    oneByOne: Math.round(median(result.baseline)),
    coalesced: Math.round(median(result.product)),
    readAllPerSecond: Math.round(await readRate(store)),
    subscribePerSecond: Math.round(await subscribeRate(store)),
    server: store.serverVersion,
  };
  await store.close();
  await server.stop();
  rmSync(folder, { recursive: true });
  return [
    {
      bench: 'event-store-appends',
      what: `events per second, ${BATCH_EVENTS} in an append ÷ one in an append`,
      ratio: result.ratio,
      target: { is: 'at least', value: 3 },
      details,
    },
  ];
}

const metadata = JSON.stringify({ v: 1, actor: '0'.repeat(26), at: 0, commandId: '0'.repeat(26) });
const data = JSON.stringify({ text: 'x'.repeat(DATA_BYTES) });
const event = (): NewEvent => ({ eventId: randomUUID(), type: 'MessageSent', data, metadata });

/** Events appended per second, by so many streams with one append at a time each. */
async function appendLoad(
  store: EventStoreDbStore,
  { inFlight, events }: { inFlight: number; events: number },
): Promise<number> {
  const began = performance.now();
  const over = began + SECONDS * 1_000;
  let appended = 0;
  const write = async (): Promise<void> => {
    const stream = `bench-${randomUUID()}`;
    for (let revision = NO_STREAM; performance.now() < over; ) {
      const result = await store.append(stream, revision, Array.from({ length: events }, event));
      if (result.status !== 'appended') throw new Error(`${stream} is at ${result.actual}, not ${revision}`);
      revision = result.revision;
      appended += events;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, write));
  return appended / ((performance.now() - began) / 1_000);
}

async function readRate(store: EventStoreDbStore): Promise<number> {
  const began = performance.now();
  let read = 0;
  for (let after = START; read < READ_EVENTS; ) {
    const page = await store.readAll({ after, limit: READ_PAGE_EVENTS });
    read += page.length;
    if (page.length < READ_PAGE_EVENTS) break;
    after = page.at(-1)?.position ?? after;
  }
  return read / ((performance.now() - began) / 1_000);
}

async function subscribeRate(store: EventStoreDbStore): Promise<number> {
  const began = performance.now();
  const { signal } = new AbortController();
  let seen = 0;
  for await (const batch of store.subscribe({ after: START, signal })) {
    seen += batch.events.length;
    if (seen >= READ_EVENTS) break;
  }
  return seen / ((performance.now() - began) / 1_000);
}
