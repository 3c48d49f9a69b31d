import type { Consumer, KafkaMessage } from 'kafkajs';
import { type KafkaConnection, leave } from './connection.ts';
import { KafkaError, kafkaErrorOf } from './errors.ts';
import { type Watchdog, watch } from './watchdog.ts';

/** A member that is gone is noticed within this time; brokers allow no less by default. */
export const SESSION_TIMEOUT_MS = 6_000;
const HEARTBEAT_MS = 1_500;
/** For all members to join again. They do at their next heartbeat, as nothing here is done inside a fetch. */
const REBALANCE_TIMEOUT_MS = 6_000;
/** How long a broker holds a fetch that has nothing: what is resumed or sought is fetched after that. */
const FETCH_WAIT_MS = 100;
const PARTITION_BYTES_MAX = 1_048_576;
const FETCH_BYTES_MAX = 8 * 1_048_576;

export interface LifeOptions {
  topic: string;
  groupId: string;
  onJoin(partitions: readonly number[]): void;
  onRecords(partition: number, messages: readonly KafkaMessage[]): void;
}

/** One kafkajs consumer from its first connection to its last. It never restarts itself. */
export interface Life {
  /** Rejects when nothing more will come: with `KafkaError`, or with what a handler threw. */
  readonly broken: Promise<never>;
  /** Does nothing while it is no member of its group: kafkajs throws then. */
  act(use: (consumer: Consumer) => void): void;
  commit(offsets: ReadonlyMap<number, string>): Promise<void>;
  end(): Promise<void>;
}

interface State {
  readonly consumer: Consumer;
  readonly watchdog: Watchdog;
  member: boolean;
  over: boolean;
  fail(error: Error): void;
}

export function startLife(connection: KafkaConnection, options: LifeOptions): Life {
  const { topic, groupId } = options;
  let fail: (error: Error) => void = () => undefined;
  const broken = new Promise<never>((_, reject) => {
    fail = reject;
  });
  broken.catch(() => undefined); // whoever began it waits for it
  const watchdog = watch(connection, { topic, groupId, fail });
  const state: State = { consumer: create(connection, groupId), watchdog, member: false, over: false, fail };
  void live(state, options).catch((error: unknown) => fail(kafkaErrorOf(error, `${topic} cannot be read`)));
  return {
    broken,
    act(use) {
      if (state.member) use(state.consumer);
    },
    async commit(offsets) {
      if (!state.member) throw new KafkaError('unavailable', `${groupId}: not in the group`);
      await state.consumer.commitOffsets([...offsets].map(([partition, offset]) => ({ topic, partition, offset })));
    },
    async end() {
      state.over = true;
      state.member = false;
      watchdog.stop();
      await leave(state.consumer.disconnect(), connection.logger);
    },
  };
}

function create({ kafka }: KafkaConnection, groupId: string): Consumer {
  return kafka.consumer({
    groupId,
    // A consumer that crashed waits for its own disconnect, for ever if need be, and takes some crashes for final.
    retry: { restartOnFailure: async () => false },
    allowAutoTopicCreation: false,
    sessionTimeout: SESSION_TIMEOUT_MS,
    heartbeatInterval: HEARTBEAT_MS,
    rebalanceTimeout: REBALANCE_TIMEOUT_MS,
    maxWaitTimeInMs: FETCH_WAIT_MS,
    maxBytesPerPartition: PARTITION_BYTES_MAX,
    maxBytes: FETCH_BYTES_MAX,
  });
}

async function live(state: State, options: LifeOptions): Promise<void> {
  const { consumer } = state;
  listen(state, options);
  await consumer.connect();
  // Where an offset is no longer kept: the oldest that is. kafkajs would else begin at the end, and skip in silence.
  await consumer.subscribe({ topics: [options.topic], fromBeginning: true });
  if (state.over) return;
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    // Records are only taken into memory here: nothing takes time, or throws what kafkajs would judge by its class.
    async eachBatch({ batch, resolveOffset, isRunning, isStale }) {
      if (!isRunning() || isStale() || state.over) return;
      if (handled(state, () => options.onRecords(batch.partition, batch.messages))) resolveOffset(batch.lastOffset());
    },
  });
}

function listen(state: State, { topic, onJoin }: LifeOptions): void {
  const { consumer, watchdog } = state;
  const { FETCH, GROUP_JOIN, STOP, CRASH } = consumer.events;
  consumer.on(FETCH, watchdog.alive);
  consumer.on(GROUP_JOIN, ({ payload }) => {
    watchdog.alive();
    if (state.over) return;
    state.member = true;
    handled(state, () => onJoin(payload.memberAssignment[topic] ?? []));
  });
  consumer.on(STOP, () => {
    state.member = false;
  });
  consumer.on(CRASH, ({ payload }) => state.fail(kafkaErrorOf(payload.error, `${topic} cannot be read`)));
}

/** False where it threw. Nobody can go on then as if it had not. */
function handled(state: State, handle: () => void): boolean {
  try {
    handle();
    return true;
  } catch (error) {
    state.fail(error as Error);
    return false;
  }
}
