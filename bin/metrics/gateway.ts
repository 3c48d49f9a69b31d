import { Histogram, type Registry } from 'prom-client';
import type { GatewayCounters } from '../../gateway/ws/counters.ts';
import { byName, counter, gauge } from './declare.ts';

/** Bounds in seconds: from what nobody notices to what everybody does. */
export const PUSH_SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** What the gateway counts. */
export function exposeGatewayMetrics(registry: Registry, gateway: GatewayCounters): void {
  const latency = new Histogram({
    name: 'hindsight_push_latency_seconds',
    help: 'From the append of an event to its push to those connected here.',
    buckets: PUSH_SECONDS,
    registers: [registry],
  });
  gateway.onPush = (latencyMs) => latency.observe(latencyMs / 1_000);
  const one =
    (declare: typeof gauge) =>
    (name: string, help: string, read: () => number): void =>
      declare(registry, { name, help }, () => [[read()]]);
  const [shows, counts] = [one(gauge), one(counter)];
  shows('hindsight_ws_connections', 'Open sockets.', () => gateway.connections);
  shows('hindsight_ws_outbox_bytes', 'Bytes that wait in memory for slow sockets.', gateway.outboxBytes);
  shows('hindsight_ws_replays', 'Replays running.', () => gateway.replaysRunning);
  counts('hindsight_ws_connections_total', 'Sockets opened.', () => gateway.connectionsTotal);
  counts('hindsight_ws_frames_received_total', 'Frames received.', () => gateway.framesIn);
  counts('hindsight_ws_frames_sent_total', 'Frames sent.', () => gateway.framesOut);
  counts('hindsight_ws_sent_bytes_total', 'Bytes of frames sent.', () => gateway.bytesOut);
  counts('hindsight_ws_pushes_total', 'Live events times their receivers.', () => gateway.pushes);
  counts('hindsight_ws_events_fed_total', 'Events that the live feed brought.', () => gateway.eventsFed);
  counts(
    'hindsight_ws_events_malformed_total',
    'Events that their schema refuses: kept in the log, not pushed.',
    () => gateway.eventsMalformed,
  );
  counts('hindsight_ws_gaps_healed_total', 'Gaps in what a socket was sent that were read again.', () => gateway.heals);
  counts(
    'hindsight_ws_feed_failures_total',
    'Failures of the live feed; it is tried again.',
    () => gateway.feedFailures,
  );
  const by = (label: string, name: string, help: string, read: () => Record<string, number>): void =>
    counter(registry, { name, help, labels: [label] }, () => byName(read()));
  by('code', 'hindsight_ws_closes_total', 'Sockets closed, by close code.', () => gateway.closes);
  by('status', 'hindsight_ws_refusals_total', 'Upgrades refused, by HTTP status.', () => gateway.refusals);
  by('code', 'hindsight_ws_errors_total', 'Answers with an error, by its code.', () => gateway.errors);
  by('reason', 'hindsight_ws_resyncs_total', 'Resyncs sent, by reason.', () => gateway.resyncs);
}

export interface SlotSources {
  /** Slots that this gateway owns now. */
  owned(): number;
  /** How often the feed missed something, so that clients had to ask again. */
  misses(): number;
  /** Signals that were given up. */
  dropped(): number;
}

/** What a gateway of a cluster has besides. */
export function exposeSlotMetrics(registry: Registry, { owned, misses, dropped }: SlotSources): void {
  const slots = { name: 'hindsight_slots_owned', help: 'Recipient slots that this gateway owns.' };
  gauge(registry, slots, () => [[owned()]]);
  const missed = {
    name: 'hindsight_feed_misses_total',
    help: 'How often deliveries to a slot had a gap, so that its clients were told to ask again.',
  };
  counter(registry, missed, () => [[misses()]]);
  const lost = {
    name: 'hindsight_signals_dropped_total',
    help: 'Signals (who types, who is there) that were given up: no room, too late, or Kafka is away.',
  };
  counter(registry, lost, () => [[dropped()]]);
}
