import { beforeEach, expect, test } from 'vitest';
import type { Link, Placed, TopicWriter } from '../../../events/backplane.ts';
import type { Batch, NewEvent, RecordedEvent } from '../../../events/event-store.ts';
import { StoreError } from '../../../events/event-store.ts';
import { type Followed, untraced } from '../../../infra/telemetry/telemetry.ts';
import { ANN, createWorld, GROUP, group, run } from '../../support/commands.ts';
import { createMemoryTopic } from '../../support/memory/backplane.ts';
import { createMemoryEventStore } from '../../support/memory/event-store.ts';
import { recordSpans } from './spans.ts';

const recorder = recordSpans();
const { telemetry } = recorder;
beforeEach(recorder.clear);

const TRACES = ['a', 'b', 'c'].map((digit) => `00-${digit.repeat(32)}-${digit.repeat(16)}-01`);
const traceOf = (traceparent: string | undefined) => traceparent?.slice(3, 35);
const parentOf = (traceparent: string | undefined) => traceparent?.slice(36, 52);

const event = (traceparent: string | undefined, n: number): RecordedEvent => ({
  eventId: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
  type: 'MessageSent',
  data: '{}',
  metadata: JSON.stringify({ v: 1, ...(traceparent && { traceparent }) }),
  stream: `chat-${GROUP}`,
  revision: n,
  position: n + 1,
  recordedAt: 0,
});
const link = (event: RecordedEvent): Link => ({
  source: 0,
  after: event.position - 1,
  position: event.position,
  event,
});

test('a command, its append and what is recorded are one trace', async () => {
  const store = telemetry.store(createMemoryEventStore());
  const { trace } = telemetry;
  const world = createWorld({ store, ...(trace && { trace }) });
  await group(world);
  const commands = telemetry.commands(world.commands);
  await run({ ...world, commands }, { type: 'send', actor: ANN, text: 'hello' });
  const [command] = recorder.named('command send');
  const [append] = recorder.named('append');
  expect(append).toMatchObject({ traceId: command?.traceId, parentId: command?.spanId });
  const [recorded] = await store.readStream(`chat-${GROUP}`, { from: 1, limit: 1 });
  expect(JSON.parse(recorded?.metadata ?? '')).toMatchObject({
    traceparent: `00-${command?.traceId}-${command?.spanId}-01`,
  });
});

test('commands that are appended together: one span for each, linked to the first', async () => {
  const store = telemetry.store(createMemoryEventStore());
  const { trace } = telemetry;
  const world = createWorld({ store, ...(trace && { trace }) });
  await group(world);
  const traced = { ...world, commands: telemetry.commands(world.commands) };
  await Promise.all(['a', 'b', 'c'].map((text) => run(traced, { type: 'send', actor: ANN, text })));
  const commands = recorder.named('command send');
  const appends = recorder.named('append');
  expect(new Set(appends.map(({ parentId }) => parentId))).toEqual(new Set(commands.map(({ spanId }) => spanId)));
  expect(appends).toHaveLength(3);
  const carrier = appends.find(({ links }) => links.length === 2);
  for (const other of appends.filter((span) => span !== carrier))
    expect(other.links).toEqual([{ traceId: carrier?.traceId, spanId: carrier?.spanId }]);
  expect(carrier?.attributes).toMatchObject({ 'db.operation.batch.size': 3, 'hindsight.batch.traces': 3 });
});

test('a refusal is said, a fault fails the span, and neither quotes anybody', async () => {
  const commands = telemetry.commands({
    chat: async (command: { type: string }) => {
      if (command.type === 'throw') throw new StoreError('unavailable', 'secret words');
      return { ok: false, rejection: { code: command.type, detail: 'secret words' } };
    },
  });
  await commands.chat({ type: 'forbidden' });
  await commands.chat({ type: 'unavailable' });
  await expect(commands.chat({ type: 'throw' })).rejects.toMatchObject({ code: 'unavailable' });
  expect(recorder.spans().map(({ attributes, failed }) => [attributes['hindsight.rejection'], failed])).toEqual([
    ['forbidden', null],
    ['unavailable', 'unavailable'],
    [undefined, 'unavailable'],
  ]);
  expect(JSON.stringify(recorder.spans())).not.toContain('secret');
});

test('a batch written to a topic, taken from it and pushed goes on with each trace that is in it', async () => {
  const topic = createMemoryTopic({ partitions: 1 });
  const writer = telemetry.writer(topic.writer(), 'events');
  const events = [...TRACES, undefined].map(event);
  await writer.write(events.map((e): Placed => ({ partition: 0, link: link(e) })));
  const member = telemetry.group(topic.group('g'), 'chat-history');
  const taken = new Promise<readonly Link[]>((resolve) => {
    void member.run({ take: async (_, links) => resolve(links), lost: () => undefined });
  });
  expect((await taken).map(({ event }) => event)).toEqual(events);
  await member.close();
  const feed: Followed = { subscribe: () => batches({ events, position: 4, live: true }) };
  const followed = telemetry.feed(feed);
  for await (const batch of followed.subscribe({ after: 0, signal: new AbortController().signal }))
    expect(batch.events).toBe(events);
  for (const name of ['send events', 'process chat-history', 'push']) {
    const spans = recorder.named(name);
    expect(spans.map(({ traceId }) => traceId)).toEqual(TRACES.map(traceOf));
    expect(spans.map(({ parentId }) => parentId)).toEqual(TRACES.map(parentOf));
  }
});

async function* batches(...all: Batch[]): AsyncGenerator<Batch> {
  yield* all;
}

test('nothing is traced that is in no trace, and what is no trace context counts as none', async () => {
  const store = telemetry.store(createMemoryEventStore());
  const { eventId, type, data, metadata } = event(undefined, 1);
  const strange: NewEvent = { eventId, type, data, metadata: JSON.stringify({ traceparent: 'not one' }) };
  await store.append('chat-a', -1, [{ eventId, type, data, metadata }]);
  await store.append('chat-b', -1, [strange]);
  expect(recorder.spans()).toEqual([]);
  expect(telemetry.trace?.()).toBeUndefined();
});

test('a failed write fails the spans of all its traces', async () => {
  const topic = createMemoryTopic({ partitions: 1 });
  const writer = telemetry.writer(topic.writer(), 'events');
  topic.faults.failNext('before');
  await expect(writer.write([{ partition: 0, link: link(event(TRACES[0], 0)) }])).rejects.toThrow();
  expect(recorder.named('send events').map(({ failed }) => failed)).toEqual(['unavailable']);
});

test('what is wrapped keeps all that it was, its own this included', async () => {
  class Writer implements TopicWriter {
    readonly partitions = 7;
    #closed = 0;
    async write(): Promise<void> {}
    async close(): Promise<void> {
      this.#closed += 1;
    }
    closed(): number {
      return this.#closed;
    }
  }
  const own = new Writer();
  const writer = telemetry.writer(own, 'events');
  await writer.close();
  expect([writer.partitions, own.closed()]).toEqual([7, 1]);
  expect(untraced.writer(own, 'events')).toBe(own);
  expect(untraced.trace).toBeUndefined();
});
