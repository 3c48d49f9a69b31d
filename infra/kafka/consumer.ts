import { setTimeout as pause } from 'node:timers/promises';
import type { Consumer, KafkaMessage, PartitionAssigner } from 'kafkajs';
import { type KafkaConnection, leave } from './connection.ts';
import { KafkaError, kafkaErrorOf } from './errors.ts';
import { type Watchdog, watch } from './watchdog.ts';

/** A member that is gone is noticed within this time; brokers allow no less by default. */
const SESSION_TIMEOUT_MS = 6_000;
const HEARTBEAT_MS = 1_500;
/** For all members to join again. They do at their next heartbeat, as nothing here is done inside a fetch. */
const REBALANCE_TIMEOUT_MS = 6_000;
/** How long a broker holds a fetch that has nothing: what is resumed or sought is fetched after that. */
const FETCH_WAIT_MS = 100;
const PARTITION_BYTES_MAX = 1_048_576;
const FETCH_BYTES_MAX = 8 * 1_048_576;
const START_AGAIN_MS = 500;

export interface ConsumerOptions {
  topic: string;
  groupId: string;
  assigners?: PartitionAssigner[];
  /** These partitions are this member's now. Before any of them is fetched: the place to seek and to pause. */
  onJoin(partitions: readonly number[]): void;
  /** Whatever it throws ends the run. What it has been given is not fetched again before the next `onJoin`. */
  onRecords(partition: number, messages: readonly KafkaMessage[]): void;
}

/** One kafkajs consumer, restarted by itself where that helps, and given up loudly where not. */
export interface RunningConsumer {
  /** Resolves when it is closed, rejects where it cannot go on. */
  readonly ended: Promise<void>;
  /** Nothing comes of these while it has no place in its group: `onJoin` says when it has. */
  seek(partition: number, offset: string): void;
  pause(partitions: readonly number[]): void;
  resume(partitions: readonly number[]): void;
  /** Throws where it could not be. */
  commit(offsets: ReadonlyMap<number, string>): Promise<void>;
  close(): Promise<void>;
}

interface State {
  consumer: Consumer | null;
  watchdog: Watchdog | null;
  /** Between joining and breaking off: kafkajs throws at whoever speaks to it at other times. */
  member: boolean;
  closed: boolean;
  fail(error: Error): void;
  end(): void;
}

export function runConsumer(connection: KafkaConnection, options: ConsumerOptions): RunningConsumer {
  const { topic } = options;
  const state: State = { consumer: null, watchdog: null, member: false, closed: false, fail: nothing, end: nothing };
  const ended = new Promise<void>((resolve, reject) => {
    state.end = resolve;
    state.fail = reject;
  });
  ended.catch(() => stop(connection, state)); // whoever runs it hears of it
  const inGroup = (act: (consumer: Consumer) => void): void => {
    if (state.consumer && state.member) act(state.consumer);
  };
  void start(connection, options, state).catch(state.fail);
  return {
    ended,
    seek: (partition, offset) => inGroup((consumer) => consumer.seek({ topic, partition, offset })),
    pause: (partitions) => inGroup((consumer) => consumer.pause([{ topic, partitions: [...partitions] }])),
    resume: (partitions) => inGroup((consumer) => consumer.resume([{ topic, partitions: [...partitions] }])),
    async commit(offsets) {
      if (!state.consumer || !state.member) throw new KafkaError('unavailable', `${topic}: not in the group`);
      await state.consumer.commitOffsets([...offsets].map(([partition, offset]) => ({ topic, partition, offset })));
    },
    async close() {
      await stop(connection, state);
      state.end();
    },
  };
}

/** Until it runs: brokers may come after their consumers. */
async function start(connection: KafkaConnection, options: ConsumerOptions, state: State): Promise<void> {
  for (;;) {
    const consumer = createConsumer(connection, options, () => !state.closed);
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [options.topic], fromBeginning: true });
      if (state.closed) break;
      await run(connection, options, { state, consumer });
      return;
    } catch (error) {
      void leave(consumer.disconnect(), connection.logger);
      const known = kafkaErrorOf(error, `${options.topic} cannot be read`);
      if (!known.temporary) throw known;
      connection.logger.warn({ error: known.message, groupId: options.groupId }, 'kafka: not reading yet');
    }
    if (state.closed) break;
    await pause(START_AGAIN_MS);
  }
}

function createConsumer(
  { kafka }: KafkaConnection,
  { groupId, assigners }: ConsumerOptions,
  restarts: () => boolean,
): Consumer {
  return kafka.consumer({
    groupId,
    retry: { restartOnFailure: async () => restarts() },
    allowAutoTopicCreation: false,
    sessionTimeout: SESSION_TIMEOUT_MS,
    heartbeatInterval: HEARTBEAT_MS,
    rebalanceTimeout: REBALANCE_TIMEOUT_MS,
    maxWaitTimeInMs: FETCH_WAIT_MS,
    maxBytesPerPartition: PARTITION_BYTES_MAX,
    maxBytes: FETCH_BYTES_MAX,
    ...(assigners ? { partitionAssigners: assigners } : {}),
  });
}

interface Run {
  readonly state: State;
  readonly consumer: Consumer;
}

async function run(connection: KafkaConnection, options: ConsumerOptions, { state, consumer }: Run): Promise<void> {
  const { topic, groupId } = options;
  const { GROUP_JOIN, FETCH, STOP, CRASH } = consumer.events;
  state.consumer = consumer;
  state.watchdog = watch(connection, { topic, groupId, fail: state.fail });
  const alive = state.watchdog.alive;
  consumer.on(FETCH, alive);
  consumer.on(GROUP_JOIN, ({ payload }) => {
    alive();
    state.member = true;
    try {
      options.onJoin(payload.memberAssignment[topic] ?? []);
    } catch (error) {
      state.fail(error as Error);
    }
  });
  consumer.on(STOP, () => {
    state.member = false;
  });
  consumer.on(CRASH, ({ payload }) => {
    if (state.closed) return;
    const error = kafkaErrorOf(payload.error, `${topic} cannot be read`);
    connection.logger.warn(
      { error: error.message, groupId, restart: payload.restart },
      'kafka: the consumer broke off',
    );
    if (!payload.restart) state.fail(error);
  });
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    // Handlers only take what they are given into memory: nothing in here takes time, or throws what kafkajs would judge.
    async eachBatch({ batch, resolveOffset, isRunning, isStale }) {
      if (!isRunning() || isStale() || state.closed) return;
      try {
        options.onRecords(batch.partition, batch.messages);
      } catch (error) {
        state.fail(error as Error);
        return;
      }
      resolveOffset(batch.lastOffset());
    },
  });
}

async function stop(connection: KafkaConnection, state: State): Promise<void> {
  state.closed = true;
  state.watchdog?.stop();
  const { consumer } = state;
  state.consumer = null;
  if (consumer) await leave(consumer.disconnect(), connection.logger);
}

function nothing(): void {
  // until it is known
}
