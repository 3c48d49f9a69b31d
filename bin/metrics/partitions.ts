import { Counter, Histogram, type Registry } from 'prom-client';
import { partitionKeyOf, partitionOf } from '../../events/partition.ts';
import type { PartitionReport, PartitionState, ReportPartition } from '../../projections/index.ts';
import { type Lag, type LagDeps, lagsBehind } from '../../projections/lag.ts';
import type { Parking } from '../../projections/parking/ports.ts';
import { type GroupName, VIEW_GROUPS } from '../../projections/partitions/ports.ts';
import { askedOnce, gauge, type Reading } from './declare.ts';

const BATCH_SECONDS = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const DELAY_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** Counts what projectors and deliveries report. */
export function countPartitionReports(registry: Registry): ReportPartition {
  const counts = (name: string, help: string): ((group: GroupName, by: number) => void) => {
    const metric = new Counter({ name, help, labelNames: ['group'], registers: [registry] });
    return (group, by) => metric.inc({ group }, by);
  };
  const histogram = (name: string, help: string, buckets: number[]): ((group: GroupName, ms: number) => void) => {
    const metric = new Histogram({ name, help, labelNames: ['group'], buckets, registers: [registry] });
    return (group, ms) => metric.observe({ group }, ms / 1_000);
  };
  const claims = counts('hindsight_partition_claims_total', 'Partitions that this process has taken over.');
  const lost = counts('hindsight_partition_claims_lost_total', 'Claims that another process has ended: it is fenced.');
  const faults = counts('hindsight_partition_faults_total', 'Batches that failed and come again.');
  const gaps = counts('hindsight_partition_gaps_healed_total', 'Gaps in a topic that were read from the log.');
  const healed = counts('hindsight_partition_events_healed_total', 'Events that the topic did not have.');
  const chats = counts('hindsight_chats_healed_total', 'Chats of which a view lacked events, read from their streams.');
  const parked = counts('hindsight_chats_parked_total', 'Chats parked behind an event that a view cannot take.');
  const released = counts('hindsight_chats_released_total', 'Parked chats that went on after another attempt.');
  const events = counts('hindsight_partition_events_total', 'Events taken in and committed.');
  const batch = histogram(
    'hindsight_partition_batch_duration_seconds',
    'Taking in one batch and committing it.',
    BATCH_SECONDS,
  );
  const delay = histogram(
    'hindsight_projection_delay_seconds',
    'From the append of an event to its commit here, of the last event of each batch.',
    DELAY_SECONDS,
  );
  return (report: PartitionReport) => {
    const { group } = report;
    switch (report.kind) {
      case 'claimed':
        return claims(group, 1);
      case 'stale':
        return lost(group, 1);
      case 'fault':
        return faults(group, 1);
      case 'healed':
        gaps(group, 1);
        return healed(group, report.events);
      case 'chat-healed':
        return chats(group, 1);
      case 'parked':
        return parked(group, 1);
      case 'released':
        return released(group, 1);
      case 'batch':
        events(group, report.events);
        batch(group, report.ms);
        return delay(group, report.lagMs);
    }
  };
}

export interface PartitionSource {
  readonly group: GroupName;
  /** Those that are claimed here. */
  state(): Pick<PartitionState, 'partition' | 'position'>[];
}

export interface PartitionLagOptions extends LagDeps {
  /** Of the topic. */
  readonly partitions: number;
  /** Those of now. */
  sources(): readonly PartitionSource[];
}

interface ClaimedPartition {
  readonly group: GroupName;
  readonly partition: number;
}

/** How far each partition that is claimed here is behind the log. */
export function exposePartitionLag(registry: Registry, options: PartitionLagOptions): void {
  const ask = askedOnce(() => lags(options));
  const labels = ['group', 'partition'];
  const show = (name: string, help: string, of: (lag: Lag) => number): void =>
    gauge(registry, { name, help, labels }, async () => {
      const all = await ask().catch(() => []); // no value is the news; why is in the log
      return all.map((lag): Reading => [of(lag), lag.group, String(lag.partition)]);
    });
  show('hindsight_partition_lag_events', 'Events that a partition has not taken in yet.', ({ events }) => events);
  show(
    'hindsight_partition_lag_seconds',
    'How old the oldest event is that a partition has not taken in yet.',
    ({ seconds }) => seconds,
  );
}

const lags = ({ partitions, sources, ...deps }: PartitionLagOptions): Promise<(Lag & ClaimedPartition)[]> =>
  lagsBehind(
    deps,
    sources().flatMap(({ group, state }) =>
      state().map(({ partition, position }) => ({
        group,
        partition,
        position,
        isOurs: ({ stream }: { stream: string }) => partitionOf(partitionKeyOf(stream), partitions) === partition,
      })),
    ),
  );

/** Those of a cluster. */
export const PARKING_GROUPS: readonly GroupName[] = [...VIEW_GROUPS, 'deliveries'];

/** Chats that wait behind an event that a view cannot take. Groups without any are shown too. */
export function exposeParkedChats(
  registry: Registry,
  { parking, groups }: { parking: Pick<Parking, 'list'>; groups: readonly string[] },
): void {
  const ask = askedOnce(() => parking.list());
  const show = (name: string, help: string, of: (parked: { waiting: number }) => number): void =>
    gauge(registry, { name, help, labels: ['group'] }, async () => {
      const parked = await ask().catch(() => null);
      if (parked === null) return []; // that nobody can tell is no zero
      const sums = new Map<string, number>(groups.map((group) => [group, 0]));
      for (const one of parked) sums.set(one.group, (sums.get(one.group) ?? 0) + of(one));
      return [...sums].map(([group, sum]): Reading => [sum, group]);
    });
  show('hindsight_parked_chats', 'Chats (or users) whose events wait behind one that a view cannot take.', () => 1);
  show('hindsight_parked_events', 'Events that are parked, and those that wait behind them.', (p) => 1 + p.waiting);
}
