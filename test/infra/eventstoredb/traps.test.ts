import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { type Batch, NO_STREAM, START } from '../../../events/event-store.ts';
import { openEventStoreDb } from '../../../infra/eventstoredb/event-store.ts';
import { type AppendFate, type StandInFaults, startStandIn } from '../../../infra/eventstoredb/stand-in/index.ts';
import { appended, freshStream, newEvent, newEvents } from '../../contracts/event-store/events.ts';
import { testFolder } from '../../support/folder.ts';
import { selfSigned } from './certificate.ts';
import { follow } from './load.ts';
import { gate, startWorld, until } from './world.ts';

/** The traps of the client library that this adapter must not step into, one test for each; the server's are apart. */

/** The library used to end the process by rejections that nobody could handle. */
const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
beforeEach(() => void process.on('unhandledRejection', onUnhandled));
afterEach(async () => {
  await nextTurn();
  process.off('unhandledRejection', onUnhandled);
  expect(unhandled.splice(0)).toEqual([]);
});

/** One fate for each append in turn, and then no more. */
const fates = (...list: AppendFate[]): StandInFaults => ({ append: () => list.shift() ?? 'fine' });

async function* take(batches: AsyncIterable<Batch>, events: number): AsyncGenerator<Batch> {
  let seen = 0;
  for await (const batch of batches) {
    yield batch;
    seen += batch.events.length;
    if (seen >= events) return;
  }
}

test('1: checkpoints that run ahead: no batch speaks for events that did not come', async () => {
  const { store } = await startWorld({ faults: { checkpointAhead: () => 10_000 } });
  const stream = freshStream();
  await appended(store.append(stream, NO_STREAM, newEvents(2_500)));
  const stop = new AbortController();
  let last = START;
  for await (const batch of take(store.subscribe({ after: START, signal: stop.signal }), 2_500)) {
    expect(batch.position).toBe(batch.events.at(-1)?.position);
    last = batch.position;
  }
  expect(last).toBe(await store.head());
});

test('2: a consumer that throws gets its own error, ends its subscription and nothing else', async () => {
  const { store } = await startWorld();
  await appended(store.append(freshStream(), NO_STREAM, newEvents(3)));
  const { signal } = new AbortController();
  const consume = async (): Promise<void> => {
    for await (const batch of store.subscribe({ after: START, signal })) throw new Error(`at ${batch.position}`);
  };
  await expect(consume()).rejects.toThrow(/^at \d+$/);
  const again = follow(store, START);
  await until('the events come', () => again.events.length === 3);
  await again.stop();
});

test('3: an append ends at its deadline when the server is silent, and when it ends the call with OK', async () => {
  // Not even the log's name can be appended.
  const silent = { faults: fates(...Array<AppendFate>(100).fill('swallow')), store: { appendDeadlineMs: 2_500 } };
  await expect(startWorld(silent)).rejects.toMatchObject({ code: 'unknown', temporary: true });

  const { store: ended } = await startWorld({ faults: fates('fine', 'end-after') });
  const events = newEvents(3);
  const stream = freshStream();
  expect(await ended.append(stream, NO_STREAM, events)).toMatchObject({ status: 'appended', revision: 2 });
  expect(await ended.readStream(stream, { limit: 10 })).toHaveLength(3);
});

test('4: clients in one process do not share their fate, and late answers harm nobody', async () => {
  const { passed, open } = gate();
  let held = false;
  const faults: StandInFaults = {
    answer() {
      if (!held) return undefined;
      held = false;
      return passed;
    },
  };
  const one = await startWorld({ faults, store: { appendDeadlineMs: 30_000 } });
  const other = await startWorld();
  held = true;
  const stream = freshStream();
  const pending = one.store.append(stream, NO_STREAM, newEvents(1));
  const failing = other.store.append(freshStream(), NO_STREAM, newEvents(1));
  other.proxy.reset();
  expect((await failing).status).toBe('appended');
  // Answered by a look into the stream; then comes what nobody waits for any more.
  expect((await pending).status).toBe('appended');
  open();
  expect(await one.store.append(stream, 0, newEvents(1))).toMatchObject({ status: 'appended', revision: 1 });
});

test('5: a conflict tells the true revision, whatever the connection string says of failures', async () => {
  const { standIn, store } = await startWorld();
  const stream = freshStream();
  await appended(store.append(stream, NO_STREAM, newEvents(42)));
  const lenient = await openEventStoreDb({ url: `${standIn.url}&throwOnAppendFailure=false`, heartbeat: null });
  onTestFinished(lenient.close);
  expect(await lenient.append(stream, 7, newEvents(1))).toEqual({ status: 'conflict', actual: 41 });
});

test('6: texts go as bytes and come back as they were, JSON or not', async () => {
  const { store } = await startWorld();
  const stream = freshStream();
  const texts = [
    '{"a":1.0, "b":12345678901234567890,"__proto__":{"c":1}, "a":2}',
    '{ "9": 1, "1": 2 }',
    'no JSON at all',
    '\uFEFF{"bom":true}',
    '',
  ];
  const events = texts.map((text) => ({ ...newEvent(), data: text, metadata: text }));
  await appended(store.append(stream, NO_STREAM, events));
  const read = await store.readStream(stream, { limit: 10 });
  expect(read.map(({ data }) => data)).toEqual(texts);
  expect(read.map(({ metadata }) => metadata)).toEqual(texts);
});

test('7: one internal error when the server is asked what it can do is forgotten', async () => {
  const answers: 'internal'[] = ['internal'];
  const { store } = await startWorld({ faults: { features: () => answers.shift() ?? 'fine' } });
  expect(answers).toEqual([]);
  expect((await store.append(freshStream(), NO_STREAM, newEvents(1))).status).toBe('appended');
  expect(store.serverVersion).toMatch(/^24\./);
});

test('8: what a repetition mends is repeated: not leader, too busy, cut, ended', async () => {
  const list: AppendFate[] = [];
  const faults: StandInFaults = { append: () => list.shift() ?? 'fine' };
  const { store, said } = await startWorld({ faults });
  const follower = follow(store, START);
  list.push('not-leader', 'busy', 'cut-before', 'end-after');
  expect((await store.append(freshStream(), NO_STREAM, newEvents(2))).status).toBe('appended');
  expect(list).toEqual([]);
  expect(said.length).toBeGreaterThan(0);
  await until('the events come', () => follower.events.length === 2);
  await follower.stop();
});

test('9: a subscription on a dead connection is noticed by the heartbeat, though nobody writes', async () => {
  const times = { everyMs: 200, alarmMs: 1_000 };
  const { store, proxy, standIn, said } = await startWorld({ store: { heartbeat: times } });
  const follower = follow(store, START);
  const direct = await openEventStoreDb({ url: standIn.url, heartbeat: null });
  onTestFinished(direct.close);
  await appended(direct.append(freshStream(), NO_STREAM, newEvents(1)));
  await until('the event comes', () => follower.events.length === 1);
  proxy.freeze();
  await appended(direct.append(freshStream(), NO_STREAM, newEvents(1)));
  const frozen = performance.now();
  await until('the next event comes', () => follower.events.length === 2);
  expect(performance.now() - frozen).toBeLessThan(8_000);
  expect(said.join()).toMatch(/connected anew/);
  await follower.stop();
});

test('9: a subscription that is forgotten on a sound connection is noticed as well', async () => {
  let forgotten = false;
  const { passed, open } = gate();
  onTestFinished(open);
  const faults: StandInFaults = {
    delivery: () => (forgotten ? passed.then(() => 'fine' as const) : 'fine'),
  };
  const { store, said } = await startWorld({ faults, store: { heartbeat: { everyMs: 100, alarmMs: 500 } } });
  const follower = follow(store, START);
  await appended(store.append(freshStream(), NO_STREAM, newEvents(1)));
  await until('the event comes', () => follower.events.length === 1);
  forgotten = true;
  await until('it is given up', () => said.some((what) => what.includes('has not come')));
  forgotten = false;
  await appended(store.append(freshStream(), NO_STREAM, newEvents(1)));
  await until('the next event comes', () => follower.events.length === 2);
  await follower.stop();
  expect(follower.events.map((event) => event.revision)).toEqual([0, 0]);
});

test('10: credentials come from the connection string, by TLS, and appends still go many on one call', async () => {
  const tls = selfSigned();
  const ca = join(testFolder(), 'ca.pem');
  writeFileSync(ca, tls.cert);
  const ways = new Set<string>();
  const faults: StandInFaults = {
    append({ by }) {
      ways.add(by);
      return 'fine';
    },
  };
  const file = `${testFolder()}/events.db`;
  const standIn = await startStandIn({ file, tls, credentials: 'ops:changeit', faults, host: 'localhost' });
  onTestFinished(standIn.close);
  const url = `${standIn.url}?tlsCAFile=${encodeURIComponent(ca)}`;
  const store = await openEventStoreDb({ url });
  onTestFinished(store.close);
  expect((await store.append(freshStream(), NO_STREAM, newEvents(2))).status).toBe('appended');
  expect([...ways]).toEqual(['batch']);
  await expect(openEventStoreDb({ url: url.replace('changeit', 'wrong') })).rejects.toMatchObject({
    code: 'unavailable',
    temporary: false,
  });
});
