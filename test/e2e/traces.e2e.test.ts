import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type CollectedSpan, type Collector, startCollector } from '../support/collector.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { again, group, isEvent, live, type Person, person } from './world.ts';

const TRACE = 'c'.repeat(32);
const PARENT = 'd'.repeat(16);
const HOPS = ['POST /v1/chats/:chatId/messages', 'command send', 'append', 'push'];
const HOPS_OF_A_CLUSTER = [
  'send events',
  'process chat-history',
  'process user-chats',
  'process deliveries',
  'send deliveries',
];
const onCluster = process.env['HINDSIGHT_TEST_CLUSTER'] === 'on';

let collector: Collector;
let server: ServerProcess;
let ada: Person;
let ben: Person;
beforeAll(async () => {
  collector = await startCollector();
  server = await startServerProcess({ env: { HINDSIGHT_TRACES: collector.url, OTEL_BSP_SCHEDULE_DELAY: '100' } });
  [ada, ben] = await Promise.all([person(server, 'ada'), person(server, 'ben')]);
});
afterAll(async () => {
  await server?.stop();
  collector.close();
});

const ofTrace = (): CollectedSpan[] => collector.spans().filter(({ traceId }) => traceId === TRACE);

test('one request is one trace, from its header to the push on another client’s socket', async () => {
  const chatId = await group(ada, [ben]);
  // Two gateways that have just started are still sharing out whom they serve.
  const socket = await vi.waitFor(async () => live(await again(server, ben)), { timeout: 20_000, interval: 250 });
  const sent = await ada.post(
    `/chats/${chatId}/messages`,
    { text: 'hello' },
    { traceparent: `00-${TRACE}-${PARENT}-01` },
  );
  expect(sent.status).toBe(201);
  const pushed = await socket.until(isEvent(chatId, 2));
  expect(pushed).not.toHaveProperty('traceparent');
  const expected = [...HOPS, ...(onCluster ? HOPS_OF_A_CLUSTER : [])].sort();
  await expect
    .poll(() => [...new Set(ofTrace().map(({ name }) => name))].sort(), { timeout: 15_000 })
    .toEqual(expected);
  const spans = ofTrace();
  const known = new Set([PARENT, ...spans.map(({ spanId }) => spanId)]);
  expect(spans.filter(({ parentSpanId }) => !known.has(parentSpanId ?? ''))).toEqual([]);
  const [request] = spans.filter(({ name }) => name.startsWith('POST'));
  expect(request).toMatchObject({ parentSpanId: PARENT, resource: { 'service.name': 'hindsight' } });
  expect(JSON.stringify(spans)).not.toContain('hello');
  socket.close();
});

test('what operators watch is there to be scraped', async () => {
  const { ops = server.http } = JSON.parse(readFileSync(join(server.data, 'addresses.json'), 'utf8')) as {
    ops?: string;
  };
  const text = await (await fetch(`${ops}/metrics`)).text();
  const names = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
  const expected = [
    'http_request_duration_seconds',
    'hindsight_append_duration_seconds',
    'hindsight_push_latency_seconds',
    'hindsight_ws_outbox_bytes',
    'hindsight_ws_gaps_healed_total',
    'hindsight_projection_lag_events',
    'hindsight_projection_lag_seconds',
    'hindsight_events_unknown_total',
    ...(onCluster
      ? [
          'hindsight_partition_lag_events',
          'hindsight_partition_lag_seconds',
          'hindsight_partition_gaps_healed_total',
          'hindsight_partition_claims_lost_total',
          'hindsight_parked_chats',
          'hindsight_relay_active',
          'hindsight_backplane_write_duration_seconds',
          'hindsight_slots_owned',
        ]
      : []),
  ];
  expect(expected.filter((name) => !names.has(name))).toEqual([]);
});
