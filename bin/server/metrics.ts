import { Gauge, type Registry } from 'prom-client';
import type { ProjectionAdmin } from '../../gateway/http/ops/port.ts';
import type { GatewayCounters } from '../../gateway/ws/counters.ts';

export interface ProjectionSource {
  admin: Pick<ProjectionAdmin, 'list'>;
  unknown(): Promise<Record<string, number>>;
}

/** What the gateway counts, read when `/metrics` is asked for: counting itself costs an addition. */
export function exposeGatewayMetrics(registry: Registry, gateway: GatewayCounters): void {
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

type Values = [label: string, value: number][];

/** What the projections' thread says of itself, asked once for all gauges of a scrape; `up` is 0 while it cannot answer. */
export function exposeProjectionMetrics(registry: Registry, projections: ProjectionSource): void {
  let asked: Promise<{ up: number; lagEvents: Values; lagSeconds: Values; unknown: Values }> | null = null;
  const ask = async () => {
    try {
      const views = await projections.admin.list();
      return {
        up: 1,
        lagEvents: views.map(({ name, lagEvents }): Values[number] => [name, lagEvents]),
        lagSeconds: views.map(({ name, lagSeconds }): Values[number] => [name, lagSeconds]),
        unknown: Object.entries(await projections.unknown()),
      };
    } catch {
      return { up: 0, lagEvents: [], lagSeconds: [], unknown: [] }; // that is the news; why is in the log
    } finally {
      asked = null;
    }
  };
  const gauge = (
    name: string,
    help: string,
    of: { label?: string; read: (said: Awaited<ReturnType<typeof ask>>) => Values },
  ): Gauge =>
    new Gauge({
      name,
      help,
      labelNames: of.label === undefined ? [] : [of.label],
      registers: [registry],
      async collect() {
        asked ??= ask();
        for (const [value, count] of of.read(await asked))
          this.set(of.label === undefined ? {} : { [of.label]: value }, count);
      },
    });
  gauge('hindsight_projections_up', 'Whether the projections answer.', { read: ({ up }) => [['', up]] });
  gauge('hindsight_projection_lag_events', 'Events that a view does not hold yet.', {
    label: 'projection',
    read: ({ lagEvents }) => lagEvents,
  });
  gauge('hindsight_projection_lag_seconds', 'How old the oldest event is that a view does not hold yet.', {
    label: 'projection',
    read: ({ lagSeconds }) => lagSeconds,
  });
  gauge('hindsight_events_unknown_total', 'Events of a type that this version does not know: kept, not projected.', {
    label: 'type',
    read: ({ unknown }) => unknown,
  });
}
