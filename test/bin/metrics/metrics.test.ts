import { Registry } from 'prom-client';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createWriterMetrics } from '../../../bin/metrics/backplane.ts';
import { countReconnects, measureStore } from '../../../bin/metrics/event-store.ts';
import { exposeGatewayMetrics, exposeSlotMetrics } from '../../../bin/metrics/gateway.ts';
import {
  countPartitionReports,
  exposeParkedChats,
  exposePartitionLag,
  PARKING_GROUPS,
} from '../../../bin/metrics/partitions.ts';
import { exposeProjectionMetrics } from '../../../bin/metrics/projections.ts';
import { countRelayReports, exposeRelayMetrics } from '../../../bin/metrics/relay.ts';
import type { Link } from '../../../events/backplane.ts';
import { NO_STREAM, type RecordedEvent, StoreError } from '../../../events/event-store.ts';
import { partitionKeyOf, partitionOf } from '../../../events/partition.ts';
import { createCounters } from '../../../gateway/ws/counters.ts';
import type { PartitionReport } from '../../../projections/index.ts';
import type { RelayState } from '../../../projections/relay/relay.ts';
import { createMemoryTopic } from '../../support/memory/backplane.ts';
import { createMemoryEventStore } from '../../support/memory/event-store.ts';

let registry: Registry;
beforeEach(() => {
  registry = new Registry();
});

/** The samples of a scrape, as they are written. */
async function scrape(prefix: string): Promise<Record<string, number>> {
  const lines = (await registry.metrics()).split('\n').filter((line) => line.startsWith(prefix));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
  );
}

const event = (n: number, stream = 'chat-a') => ({
  eventId: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
  type: 'T',
  data: '{}',
  metadata: '{}',
  stream,
});

test('what the gateway counts is read at each scrape, and counters are counters', async () => {
  let bytes = 10;
  const counters = createCounters(() => bytes);
  exposeGatewayMetrics(registry, counters);
  exposeSlotMetrics(registry, { owned: () => 3, misses: () => 1, dropped: () => 4 });
  counters.connections = 2;
  counters.heals = 5;
  counters.closes['4401'] = 7;
  counters.onPush(7);
  expect(await scrape('hindsight_')).toMatchObject({
    hindsight_ws_connections: 2,
    hindsight_ws_outbox_bytes: 10,
    hindsight_ws_gaps_healed_total: 5,
    'hindsight_ws_closes_total{code="4401"}': 7,
    'hindsight_ws_resyncs_total{reason="slow"}': 0,
    hindsight_push_latency_seconds_count: 1,
    hindsight_push_latency_seconds_sum: 0.007,
    'hindsight_push_latency_seconds_bucket{le="0.005"}': 0,
    'hindsight_push_latency_seconds_bucket{le="0.01"}': 1,
    hindsight_slots_owned: 3,
    hindsight_feed_misses_total: 1,
    hindsight_signals_dropped_total: 4,
  });
  bytes = 20;
  counters.heals = 6;
  expect(await scrape('hindsight_ws_')).toMatchObject({
    hindsight_ws_outbox_bytes: 20,
    hindsight_ws_gaps_healed_total: 6,
  });
  const text = await registry.metrics();
  expect(text).toContain('# TYPE hindsight_ws_gaps_healed_total counter');
  expect(text).toContain('# TYPE hindsight_ws_outbox_bytes gauge');
  expect(text).toContain('# TYPE hindsight_push_latency_seconds histogram');
});

describe('views', () => {
  test('are asked once for all that a scrape shows of them', async () => {
    const list = vi.fn(async () => [{ name: 'users', lagEvents: 4, lagSeconds: 1.5 }] as never);
    exposeProjectionMetrics(registry, { admin: { list }, unknown: async () => ({ Strange: 2 }) });
    expect(await scrape('hindsight_')).toEqual({
      hindsight_projections_up: 1,
      'hindsight_projection_lag_events{projection="users"}': 4,
      'hindsight_projection_lag_seconds{projection="users"}': 1.5,
      'hindsight_events_unknown_total{type="Strange"}': 2,
    });
    expect(list).toHaveBeenCalledTimes(1);
  });

  test('that cannot answer are down, and nothing else is made up', async () => {
    const list = async (): Promise<never> => Promise.reject(new Error('gone'));
    exposeProjectionMetrics(registry, { admin: { list }, unknown: async () => ({}) });
    expect(await scrape('hindsight_')).toEqual({ hindsight_projections_up: 0 });
  });
});

test('appends are measured by how they ended', async () => {
  const memory = createMemoryEventStore();
  const store = measureStore(registry, memory);
  await store.append('chat-a', NO_STREAM, [event(1), event(2)]);
  await store.append('chat-a', NO_STREAM, [event(3)]);
  vi.spyOn(memory, 'append').mockRejectedValueOnce(new StoreError('unknown', 'silence'));
  await expect(store.append('chat-b', NO_STREAM, [event(4)])).rejects.toMatchObject({ code: 'unknown' });
  expect(await scrape('hindsight_append_duration_seconds_count')).toEqual({
    'hindsight_append_duration_seconds_count{result="appended"}': 1,
    'hindsight_append_duration_seconds_count{result="conflict"}': 1,
    'hindsight_append_duration_seconds_count{result="unknown"}': 1,
  });
  expect(await scrape('hindsight_events_appended_total')).toEqual({ hindsight_events_appended_total: 2 });
  expect(await store.readStream('chat-a', { limit: 9 })).toHaveLength(2);
  const reconnected = countReconnects(registry);
  reconnected();
  expect(await scrape('hindsight_event_store')).toEqual({ hindsight_event_store_reconnects_total: 1 });
});

test('writes are measured by topic, and links by what they carry', async () => {
  const topic = createMemoryTopic({ partitions: 2 });
  const writer = createWriterMetrics(registry)(topic.writer(), 'events');
  const link = (position: number, of: RecordedEvent | null): Link => ({ source: 0, after: 0, position, event: of });
  const recorded = { ...event(1), revision: 0, position: 1, recordedAt: 0 };
  await writer.write([
    { partition: 0, link: link(1, recorded) },
    { partition: 1, link: link(1, null) },
    { partition: 1, link: link(2, null) },
  ]);
  topic.faults.failNext('before');
  await expect(writer.write([{ partition: 0, link: link(2, null) }])).rejects.toMatchObject({ temporary: true });
  expect(writer.partitions).toBe(2);
  expect(await scrape('hindsight_backplane_')).toMatchObject({
    'hindsight_backplane_links_total{topic="events",carries="event"}': 1,
    'hindsight_backplane_links_total{topic="events",carries="watermark"}': 2,
    'hindsight_backplane_write_failures_total{topic="events"}': 1,
    'hindsight_backplane_write_duration_seconds_count{topic="events"}': 1,
  });
});

test('the active relay tells how far it is, one in standby only that it is one', async () => {
  let now = 1_000;
  const log = createMemoryEventStore({ clock: () => now });
  for (let n = 0; n < 5; n++) await log.append(`chat-${n}`, NO_STREAM, [event(n, `chat-${n}`)]);
  const [second] = (await log.readAll({ after: 0, limit: 2 })).slice(1);
  const standby: RelayState = { active: false, term: null, position: null, checkpoint: null, lagMs: null, faults: [] };
  let state = standby;
  const report = countRelayReports(registry);
  exposeRelayMetrics(registry, { log, clock: () => now, relay: { state: () => state } });
  const faulty = (backplane: number) => ({
    'hindsight_relay_faulty{ground="log"}': 0,
    'hindsight_relay_faulty{ground="backplane"}': backplane,
    'hindsight_relay_faulty{ground="checkpoint"}': 0,
  });
  const counts = { hindsight_relay_terms_total: 0, hindsight_relay_terms_lost_total: 0 };
  expect(await scrape('hindsight_relay')).toEqual({ hindsight_relay_active: 0, ...counts, ...faulty(0) });
  report({ kind: 'active', term: 1, position: 0 });
  report({ kind: 'fault', ground: 'backplane', error: 'x' });
  report({ kind: 'stale', term: 1 });
  const position = second?.position ?? 0;
  const faults = [{ ground: 'backplane', error: 'x', sinceMs: 1 }] as const;
  state = { active: true, term: 1, position, checkpoint: 0, lagMs: 0, faults };
  now += 4_000;
  expect(await scrape('hindsight_relay')).toEqual({
    hindsight_relay_active: 1,
    hindsight_relay_position: position,
    hindsight_relay_lag_events: 3,
    hindsight_relay_lag_seconds: 4,
    hindsight_relay_terms_total: 1,
    hindsight_relay_terms_lost_total: 1,
    'hindsight_relay_faults_total{ground="backplane"}': 1,
    ...faulty(1),
  });
});

describe('partitions', () => {
  test('what they report is counted by group', async () => {
    const report = countPartitionReports(registry);
    const where = { group: 'user-chats', partition: 3 } as const;
    const reports: PartitionReport[] = [
      { kind: 'claimed', ...where, term: 1, position: 0 },
      { kind: 'stale', ...where, term: 1 },
      { kind: 'fault', ...where, error: 'x' },
      { kind: 'healed', ...where, from: 1, to: 9, events: 4 },
      { kind: 'chat-healed', ...where, chatId: 'c', events: 2 },
      { kind: 'parked', ...where, key: 'k', stream: 's', revision: 0, position: 1, type: 'T', error: 'x' },
      { kind: 'batch', ...where, events: 10, ms: 5, position: 9, lagMs: 300 },
    ];
    for (const one of reports) report(one);
    const all = await scrape('hindsight_');
    const counts = Object.entries(all).filter(([name]) => /_(total|sum)\{/.test(name));
    expect(Object.fromEntries(counts.map(([name, value]) => [name.slice(0, name.indexOf('{')), value]))).toEqual({
      hindsight_partition_claims_total: 1,
      hindsight_partition_claims_lost_total: 1,
      hindsight_partition_faults_total: 1,
      hindsight_partition_gaps_healed_total: 1,
      hindsight_partition_events_healed_total: 4,
      hindsight_chats_healed_total: 1,
      hindsight_chats_parked_total: 1,
      hindsight_partition_events_total: 10,
      hindsight_partition_batch_duration_seconds_sum: 0.005,
      hindsight_projection_delay_seconds_sum: 0.3,
    });
  });

  test('their lag is what the log has of theirs beyond where they are, in events and in seconds', async () => {
    const PARTITIONS = 4;
    let now = 1_000;
    const log = createMemoryEventStore({ clock: () => now });
    for (let n = 0; n < 60; n++) {
      now += 1_000;
      await log.append(`chat-${n}`, NO_STREAM, [event(n, `chat-${n}`)]);
    }
    const all = await log.readAll({ after: 0, limit: 100 });
    const partitionsOf = [0, 1, 2, 3];
    const positions = [0, all[29]?.position ?? 0, all[58]?.position ?? 0, all[59]?.position ?? 0];
    const state = () => partitionsOf.map((partition) => ({ partition, position: positions[partition] ?? 0 }));
    const sources = [{ group: 'chat-history' as const, state }];
    exposePartitionLag(registry, { log, partitions: PARTITIONS, clock: () => now, sources: () => sources });
    const expected: Record<string, number> = {};
    for (const { partition, position } of state()) {
      const ours = all.filter(
        (one) => one.position > position && partitionOf(partitionKeyOf(one.stream), PARTITIONS) === partition,
      );
      const labels = `{group="chat-history",partition="${partition}"}`;
      expected[`hindsight_partition_lag_events${labels}`] = ours.length;
      expected[`hindsight_partition_lag_seconds${labels}`] = ours[0] ? (now - ours[0].recordedAt) / 1_000 : 0;
    }
    expect(await scrape('hindsight_partition_lag')).toEqual(expected);
    expect(expected['hindsight_partition_lag_events{group="chat-history",partition="0"}']).toBeGreaterThan(5);
  });

  test('a lag of many events is estimated, and none is shown where the log cannot be read', async () => {
    const log = createMemoryEventStore();
    const batch = Array.from({ length: 3_000 }, (_, n) => event(n));
    for (let from = 0; from < 3_000; from += 500) await log.append('chat-a', from - 1, batch.slice(from, from + 500));
    const sources = [{ group: 'deliveries' as const, state: () => [{ partition: 0, position: 0 }] }];
    exposePartitionLag(registry, { log, partitions: 1, clock: Date.now, sources: () => sources });
    expect(await scrape('hindsight_partition_lag_events')).toEqual({
      'hindsight_partition_lag_events{group="deliveries",partition="0"}': 3_000,
    });
    await log.close();
    expect(await scrape('hindsight_partition_lag')).toEqual({});
  });

  test('one that stands still says so, however many events of others come next', async () => {
    let now = 1_000;
    const log = createMemoryEventStore({ clock: () => now });
    for (let n = 0; n < 2_000; n++) await log.append('chat-a', n - 1, [event(n)]);
    now += 60_000;
    const other = 1 - partitionOf(partitionKeyOf('chat-a'), 2);
    const sources = () => [{ group: 'deliveries' as const, state: () => [{ partition: other, position: 0 }] }];
    exposePartitionLag(registry, { log, partitions: 2, clock: () => now, sources });
    expect(await scrape('hindsight_partition_lag_seconds')).toEqual({
      [`hindsight_partition_lag_seconds{group="deliveries",partition="${other}"}`]: 60,
    });
  });

  test('where events are long few are read, and once for places that lie near each other', async () => {
    const log = createMemoryEventStore();
    const long = JSON.stringify({ text: 'x'.repeat(64_000) });
    for (let n = 0; n < 400; n++) await log.append('chat-a', n - 1, [{ ...event(n), data: long }]);
    const readAll = vi.spyOn(log, 'readAll');
    const state = () => [5, 3, 0, 4, 1, 2].map((position) => ({ partition: position, position }));
    exposePartitionLag(registry, {
      log,
      partitions: 1,
      clock: Date.now,
      sources: () => [{ group: 'deliveries', state }],
    });
    await scrape('hindsight_partition_lag_events');
    const read = await Promise.all(readAll.mock.results.map(({ value }) => value));
    expect(read.flat().length).toBeLessThan(100);
    expect(readAll.mock.calls.length).toBeLessThan(4);
  });

  test('parked chats are counted by group, and that nobody can tell is no zero', async () => {
    const one = { group: 'user-chats', partition: 0, key: 'k', stream: 's', revision: 0, position: 1 } as const;
    const list = vi.fn(async () => [{ ...one, type: 'T', error: 'x', waiting: 4, since: 0, asked: 0, tried: 0 }]);
    exposeParkedChats(registry, { parking: { list }, groups: PARKING_GROUPS });
    expect(await scrape('hindsight_parked')).toEqual({
      'hindsight_parked_chats{group="chat-history"}': 0,
      'hindsight_parked_chats{group="user-chats"}': 1,
      'hindsight_parked_chats{group="deliveries"}': 0,
      'hindsight_parked_events{group="chat-history"}': 0,
      'hindsight_parked_events{group="user-chats"}': 5,
      'hindsight_parked_events{group="deliveries"}': 0,
    });
    list.mockRejectedValue(new Error('no database'));
    expect(await scrape('hindsight_parked')).toEqual({});
  });
});
