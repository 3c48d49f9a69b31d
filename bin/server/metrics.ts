import { Gauge, type Registry } from 'prom-client';
import type { ProjectionAdmin } from '../../gateway/http/ops/port.ts';
import type { GatewayCounters } from '../../gateway/ws/counters.ts';

export interface MetricSources {
  gateway: GatewayCounters;
  projections: { admin: Pick<ProjectionAdmin, 'list'>; unknown(): Promise<Record<string, number>> };
}

/** What the rooms count, read when `/metrics` is asked for: counting itself costs an addition. */
export function exposeMetrics(registry: Registry, { gateway, projections }: MetricSources): void {
  const plain: [name: string, help: string, read: () => number][] = [
    ['hindsight_ws_connections', 'Open sockets.', () => gateway.connections],
    ['hindsight_ws_connections_total', 'Sockets opened since the start.', () => gateway.connectionsTotal],
    ['hindsight_ws_frames_received_total', 'Frames received.', () => gateway.framesIn],
    ['hindsight_ws_frames_sent_total', 'Frames sent.', () => gateway.framesOut],
    ['hindsight_ws_sent_bytes_total', 'Bytes of frames sent.', () => gateway.bytesOut],
    ['hindsight_ws_pushes_total', 'Live events times their receivers.', () => gateway.pushes],
    [
      'hindsight_ws_events_malformed_total',
      'Events that their schema refuses: kept in the log, not pushed.',
      () => gateway.eventsMalformed,
    ],
    ['hindsight_ws_gaps_healed_total', 'Gaps in what a socket was sent that were read again.', () => gateway.heals],
    ['hindsight_ws_replays', 'Replays running.', () => gateway.replaysRunning],
    ['hindsight_ws_outbox_bytes', 'Bytes that wait for slow sockets.', () => gateway.outboxBytes()],
    ['hindsight_push_latency_seconds_sum', 'From append to push, summed.', () => gateway.pushLatency.sumMs / 1_000],
    ['hindsight_push_latency_seconds_count', 'Pushed events.', () => gateway.pushLatency.count],
    [
      'hindsight_push_latency_seconds_max',
      'From append to push, the longest so far.',
      () => gateway.pushLatency.maxMs / 1_000,
    ],
  ];
  for (const [name, help, read] of plain) {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  }
  labelled(
    registry,
    { name: 'hindsight_ws_closes_total', help: 'Sockets closed, by code.', label: 'code' },
    () => gateway.closes,
  );
  labelled(
    registry,
    { name: 'hindsight_ws_errors_total', help: 'Answers with an error, by its code.', label: 'code' },
    () => gateway.errors,
  );
  labelled(
    registry,
    { name: 'hindsight_ws_resyncs_total', help: 'Resyncs sent, by reason.', label: 'reason' },
    () => gateway.resyncs,
  );
  projectionMetrics(registry, projections);
}

function labelled(
  registry: Registry,
  { name, help, label }: { name: string; help: string; label: string },
  read: () => Record<string, number>,
): void {
  new Gauge({
    name,
    help,
    labelNames: [label],
    registers: [registry],
    collect() {
      for (const [value, count] of Object.entries(read())) this.set({ [label]: value }, count);
    },
  });
}

/** All asked of the projections' thread at once, so that a scrape waits for it once; `up` is 0 while it cannot answer. */
function projectionMetrics(registry: Registry, projections: MetricSources['projections']): void {
  const gauge = (name: string, help: string, label: string): Gauge =>
    new Gauge({ name, help, labelNames: [label], registers: [registry] });
  const events = gauge('hindsight_projection_lag_events', 'Events that a view does not hold yet.', 'projection');
  const seconds = gauge(
    'hindsight_projection_lag_seconds',
    'How old the oldest event is that a view does not hold yet.',
    'projection',
  );
  const unknown = gauge(
    'hindsight_events_unknown_total',
    'Events of a type that this version does not know: kept, not projected.',
    'type',
  );
  new Gauge({
    name: 'hindsight_projections_up',
    help: 'Whether the projections answer.',
    registers: [registry],
    async collect() {
      try {
        for (const { name, lagEvents, lagSeconds } of await projections.admin.list()) {
          events.set({ projection: name }, lagEvents);
          seconds.set({ projection: name }, lagSeconds);
        }
        for (const [type, count] of Object.entries(await projections.unknown())) unknown.set({ type }, count);
        this.set(1);
      } catch {
        this.set(0); // that is the news; why is in the log
      }
    },
  });
}
