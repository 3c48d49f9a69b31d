import type { EventLog } from '../../events/event-store.ts';
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
import type { Generation, Generations } from '../../projections/generations/ports.ts';
import {
  createPartitionFollower,
  createRelay,
  type OpenSink,
  openDeliveries,
  openViewSink,
  type PartitionReport,
  type Relay,
} from '../../projections/index.ts';
import { createFillPace, type FillPace } from '../../projections/partitions/pace.ts';
import {
  type Checkpoints,
  type Claim,
  FIRST_GENERATION,
  type GroupName,
  groupName,
  type PartitionRows,
} from '../../projections/partitions/ports.ts';
import type { PartitionSource } from '../metrics/partitions.ts';
import { followGenerations } from './generations/follow.ts';
import type { GenerationStores } from './generations/stores.ts';
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
  /** Something failed and will be tried again. */
  onFault(what: string, error?: unknown): void;
  onClose(end: () => unknown): void;
  /** One of them cannot go on: another process has to take over. */
  onFatal(error: Error): void;
}

/** Event store to Kafka: active here, or standing by for the one that is. */
export async function startRelay(deps: WorkerDeps): Promise<Relay> {
  const { checkpoints, config, kafka, topics, log, processId, observer, onFault } = deps;
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

/**
 * Kafka to the views: chat history and the chat log into Cassandra, the others into Postgres; each generation of them by
 * followers of its own, for as long as it is there. What comes of it lies in the list that is returned, at any time.
 */
export async function startProjectors(
  deps: WorkerDeps,
  { stores, generations }: ProjectorDeps,
): Promise<PartitionSource[]> {
  const { config, postgres, checkpoints, log, report, onUnknown, onClose, onFault } = deps;
  const parking = createParking(postgres);
  const open = ({ group, generation }: Generation): OpenSink => {
    const rowsOf = (claim: Claim): PartitionRows =>
      group === 'user-chats'
        ? createViewRows(stores.postgres(generation))
        : createHistoryRows({
            cassandra: stores.cassandra(generation),
            checkpoints,
            era: claim.era,
          });
    return (claim) => openViewSink({ claim, rows: rowsOf(claim), checkpoints, parking, log, report, onUnknown });
  };
  const followed = followGenerations({
    generations,
    async follow(generation) {
      const { group, generation: number, state } = generation;
      const name = groupName(group, number);
      // Whoever has built the others has prepared them, once: a generation that was dropped must not have any again.
      if (number === FIRST_GENERATION && state === 'live') await checkpoints.prepare(name, config.partitions);
      const pace = createFillPace(config.partitions);
      const running = runFollower(deps, name, { open: open(generation), pace });
      return { ...running, pace: (limits) => pace.set(limits) };
    },
    onFault,
  });
  onClose(followed.close);
  await followed.looked;
  return followed.sources;
}

export interface ProjectorDeps {
  readonly stores: GenerationStores;
  readonly generations: Pick<Generations, 'list'>;
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
  await deps.checkpoints.prepare(group, deps.config.partitions);
  const running = runFollower(deps, group, { open });
  deps.onClose(running.close);
  return running.source;
}

/** Ends the process where it cannot go on. */
function runFollower(
  deps: WorkerDeps,
  group: GroupName,
  { open, pace }: { open: OpenSink; pace?: FillPace },
): { source: PartitionSource; close(): Promise<void> } {
  const { config, checkpoints, kafka, topics, log, processId, report, observer } = deps;
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
    ...(pace && { pace }),
  });
  return { source: { group, state: follower.state }, close: kept(deps, follower) };
}

const keepRunning = (deps: WorkerDeps, worker: Worker): void => deps.onClose(kept(deps, worker));

interface Worker {
  run(): Promise<void>;
  close(): Promise<void>;
}

function kept({ onFatal }: WorkerDeps, worker: Worker): () => Promise<void> {
  const running = worker.run();
  running.catch(onFatal);
  return async () => {
    await worker.close();
    await running;
  };
}
