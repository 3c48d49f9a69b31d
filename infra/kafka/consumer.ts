import { setTimeout as pause } from 'node:timers/promises';
import type { KafkaConnection } from './connection.ts';
import { type Life, type LifeOptions, startLife } from './consumer-life.ts';
import { KafkaError } from './errors.ts';

const AGAIN_FIRST_MS = 100;
const AGAIN_MAX_MS = 2_000;
/** So many consumers in a row that came to a standstill, and the process had better begin anew. */
const STALLS_MAX = 3;

export interface ConsumerOptions extends Omit<LifeOptions, 'groupId'> {
  /** Asked for each new consumer. */
  groupId(): string;
}

/** A consumer for as long as it is wanted: one kafkajs consumer after another, where one breaks off or stands still. */
export interface RunningConsumer {
  /** Resolves when it is closed. Rejects where brokers refuse for good, and with what a handler threw. */
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
  life: Life | null;
  closed: boolean;
  close(): void;
}

export function runConsumer(connection: KafkaConnection, options: ConsumerOptions): RunningConsumer {
  const { topic } = options;
  const state: State = { life: null, closed: false, close: () => undefined };
  const closing = new Promise<void>((resolve) => {
    state.close = resolve;
  });
  const ended = keepReading(connection, { options, state, closing });
  ended.catch(() => undefined); // whoever runs it hears of it
  return {
    ended,
    seek: (partition, offset) => state.life?.act((consumer) => consumer.seek({ topic, partition, offset })),
    pause: (partitions) => state.life?.act((consumer) => consumer.pause([{ topic, partitions: [...partitions] }])),
    resume: (partitions) => state.life?.act((consumer) => consumer.resume([{ topic, partitions: [...partitions] }])),
    async commit(offsets) {
      if (!state.life) throw new KafkaError('unavailable', `${topic}: not connected`);
      await state.life.commit(offsets);
    },
    async close() {
      state.closed = true;
      state.close();
      await ended.catch(() => undefined); // told already
    },
  };
}

interface Reading {
  readonly options: ConsumerOptions;
  readonly state: State;
  readonly closing: Promise<void>;
}

async function keepReading(connection: KafkaConnection, { options, state, closing }: Reading): Promise<void> {
  let againMs = AGAIN_FIRST_MS;
  let stalls = 0;
  while (!state.closed) {
    const groupId = options.groupId();
    const life = startLife(connection, {
      topic: options.topic,
      groupId,
      onJoin(partitions) {
        againMs = AGAIN_FIRST_MS;
        options.onJoin(partitions);
      },
      onRecords(partition, messages) {
        stalls = 0;
        options.onRecords(partition, messages);
      },
    });
    state.life = life;
    try {
      await Promise.race([life.broken, closing]);
    } catch (error) {
      stalls += error instanceof KafkaError && error.code === 'stalled' ? 1 : 0;
      if (!passes(error) || stalls === STALLS_MAX) throw error;
      connection.logger.warn(
        { groupId, error: (error as Error).message },
        'kafka: a consumer broke off, another begins',
      );
    } finally {
      state.life = null;
      const ending = life.end();
      if (state.closed) await ending; // else the next one need not wait for brokers that are gone
    }
    if (!state.closed) await Promise.race([pause(againMs, undefined, { ref: false }), closing]);
    againMs = Math.min(AGAIN_MAX_MS, againMs * 2);
  }
}

const passes = (error: unknown): boolean =>
  error instanceof KafkaError && (error.temporary || error.code === 'stalled');
