import type { EventLog } from '../../events/event-store.ts';
import type { Cassandra } from '../../infra/cassandra/cassandra.ts';
import { createHistoryRows } from '../../infra/cassandra/chat-history/rows.ts';
import type { Config } from '../../infra/config.ts';
import type { KafkaConnection } from '../../infra/kafka/connection.ts';
import { createKafkaGroup } from '../../infra/kafka/group.ts';
import type { TopicNames } from '../../infra/kafka/topics.ts';
import { createKafkaWriter } from '../../infra/kafka/writer.ts';
import { createChatSlots } from '../../infra/postgres/chat-slots.ts';
import { createParking } from '../../infra/postgres/parking.ts';
import type { Postgres } from '../../infra/postgres/pool.ts';
import { createViewRows } from '../../infra/postgres/views/rows.ts';
import { systemClock } from '../../infra/system/clock.ts';
import {
  createPartitionFollower,
  createRelay,
  type OpenSink,
  openDeliveries,
  openViewSink,
  type PartitionReport,
  type Relay,
} from '../../projections/index.ts';
import type { Checkpoints, GroupName } from '../../projections/partitions/ports.ts';
import type { PartitionSource } from '../metrics/partitions.ts';
import type { WorkerObserver } from './observe-workers.ts';

/** What the processes behind the edges work with. */
export interface WorkerDeps {
  config: Pick<Config, 'partitions' | 'slots' | 'kafkaPrefix'>;
  processId: string;
  log: EventLog;
  postgres: Postgres;
  checkpoints: Checkpoints;
  kafka: KafkaConnection;
  topics: TopicNames;
  observer: WorkerObserver;
  report: (report: PartitionReport) => void;
  onUnknown: (event: { type: string }) => void;
  onClose(end: () => unknown): void;
  /** One of them cannot go on: another process has to take over. */
  onFatal(error: Error): void;
}

/** Event store to Kafka: active here, or standing by for the one that is. */
export async function startRelay(deps: WorkerDeps, onFault: (what: string, error?: unknown) => void): Promise<Relay> {
  const { checkpoints, config, kafka, topics, log, processId, observer } = deps;
  await checkpoints.prepare('relay', 1);
  const writer = createKafkaWriter(kafka, { topic: topics.events, partitions: config.partitions });
  deps.onClose(writer.close);
  const relay = createRelay({
    log,
    checkpoints,
    writer: observer.writer(writer, 'events'),
    owner: processId,
    clock: systemClock,
    report(report) {
      observer.reportRelay(report);
      if (report.kind === 'fault') onFault(`the relay will try again: ${report.ground}`, report.error);
    },
  });
  keepRunning(deps, relay);
  return relay;
}

/** Kafka to the views: chat history and the chat log into Cassandra, the others into Postgres. */
export async function startProjectors(deps: WorkerDeps, cassandra: Cassandra): Promise<PartitionSource[]> {
  const { postgres, checkpoints, log, report, onUnknown } = deps;
  const parking = createParking(postgres);
  return Promise.all([
    follow(deps, 'chat-history', (claim) =>
      openViewSink({
        claim,
        rows: createHistoryRows({ cassandra, checkpoints, generation: claim.generation }),
        checkpoints,
        parking,
        log,
        report,
        onUnknown,
      }),
    ),
    follow(deps, 'user-chats', (claim) =>
      openViewSink({ claim, rows: createViewRows(postgres), checkpoints, parking, log, report, onUnknown }),
    ),
  ]);
}

/** Kafka to the slots of recipients. */
export async function startDeliveries(deps: WorkerDeps): Promise<PartitionSource> {
  const { postgres, checkpoints, config, kafka, topics, log, report, observer } = deps;
  const parking = createParking(postgres);
  const kafkaWriter = createKafkaWriter(kafka, { topic: topics.deliveries, partitions: config.slots });
  deps.onClose(kafkaWriter.close);
  const writer = observer.writer(kafkaWriter, 'deliveries');
  return follow(deps, 'deliveries', (claim) =>
    openDeliveries({
      claim,
      store: createChatSlots(postgres),
      writer,
      log,
      checkpoints,
      parking,
      report,
      clock: systemClock,
    }),
  );
}

async function follow(deps: WorkerDeps, group: GroupName, open: OpenSink): Promise<PartitionSource> {
  const { config, checkpoints, kafka, topics, log, processId, report, observer } = deps;
  await checkpoints.prepare(group, config.partitions);
  const members = createKafkaGroup(kafka, { topic: topics.events, groupId: `${config.kafkaPrefix}.${group}` });
  const follower = createPartitionFollower({
    group,
    partitions: config.partitions,
    topic: observer.group(members, group),
    checkpoints,
    log,
    open,
    owner: processId,
    report,
    clock: systemClock,
  });
  keepRunning(deps, follower);
  return { group, state: follower.state };
}

function keepRunning({ onClose, onFatal }: WorkerDeps, worker: { run(): Promise<void>; close(): Promise<void> }): void {
  const running = worker.run();
  running.catch(onFatal);
  onClose(async () => {
    await worker.close();
    await running;
  });
}
