import type { TopicGroup, TopicWriter } from '../../events/backplane.ts';
import type { EventLog } from '../../events/event-store.ts';
import { createParking } from '../../infra/postgres/parking.ts';
import type { Postgres } from '../../infra/postgres/pool.ts';
import { systemClock } from '../../infra/system/clock.ts';
import type { PartitionReport, Relay, RelayReport } from '../../projections/index.ts';
import type { GroupName } from '../../projections/partitions/ports.ts';
import { createWriterMetrics } from '../metrics/backplane.ts';
import {
  countPartitionReports,
  exposeParkedChats,
  exposePartitionLag,
  PARKING_GROUPS,
  type PartitionSource,
} from '../metrics/partitions.ts';
import { countUnknownEvents } from '../metrics/projections.ts';
import { countRelayReports, exposeRelayMetrics } from '../metrics/relay.ts';
import type { Observer } from '../observer.ts';
import type { Roles } from './roles.ts';

/** Measures and traces what runs behind the edges. */
export interface WorkerObserver {
  report(report: PartitionReport): void;
  reportRelay(report: RelayReport): void;
  onUnknown(event: { type: string }): void;
  writer(writer: TopicWriter, topic: 'events' | 'deliveries'): TopicWriter;
  group(group: TopicGroup, name: GroupName): TopicGroup;
  /** What runs here, once it does. */
  show(running: { relay: Relay | null; followers: () => readonly PartitionSource[] }): void;
}

export interface ObservedWorkers {
  readonly roles: Roles;
  readonly log: EventLog;
  readonly postgres: Postgres;
  /** Of the topic of events. */
  readonly partitions: number;
}

/** Only what a process has a role for is shown by it: a zero elsewhere would say that all is well. */
export function observeWorkers({ metrics, telemetry }: Observer, of: ObservedWorkers): WorkerObserver {
  const { roles, log, postgres, partitions } = of;
  const ignore = (): void => undefined;
  const follows = roles.has('projector') || roles.has('deliveries');
  const writes = roles.has('relay') || roles.has('deliveries');
  const measured = writes ? createWriterMetrics(metrics) : (writer: TopicWriter) => writer;
  return {
    report: follows ? countPartitionReports(metrics) : ignore,
    reportRelay: roles.has('relay') ? countRelayReports(metrics) : ignore,
    onUnknown: roles.has('projector') ? countUnknownEvents(metrics) : ignore,
    writer: (writer, topic) => telemetry.writer(measured(writer, topic), topic),
    group: (group, name) => telemetry.group(group, name),
    show({ relay, followers }) {
      if (relay) exposeRelayMetrics(metrics, { relay, log, clock: systemClock });
      if (!follows) return;
      exposePartitionLag(metrics, { log, clock: systemClock, partitions, sources: followers });
      exposeParkedChats(metrics, { parking: createParking(postgres), groups: PARKING_GROUPS });
    },
  };
}
