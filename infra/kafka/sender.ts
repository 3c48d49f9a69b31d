import kafkajs, { type Message, type Producer } from 'kafkajs';
import { withDeadline } from '../system/deadline.ts';
import { type KafkaConnection, leave, REQUEST_TIMEOUT_MS } from './connection.ts';
import { KafkaError, kafkaErrorOf } from './errors.ts';

/**
 * All of one send, connecting included. After this nobody knows what became of it, and the producer is thrown away with
 * its connections, so that no old request of it can come behind a newer one.
 */
const SEND_DEADLINE_MS = 8_000;

export interface Sender {
  /** One at a time, by its caller. Throws `KafkaError`; some of the messages may then be there. */
  send(messages: Message[]): Promise<void>;
  close(): Promise<void>;
}

export interface SenderOptions {
  topic: string;
  acks: -1 | 1;
  /** As other programs place their records: by the key. Without it every message says its partition. */
  byKey?: true;
}

/**
 * One producer at a time. Never idempotent: with several requests at once kafkajs gives the sequence numbers of a lost
 * answer to the next request, and the broker takes that for a repeat, says so, and drops it (docs/adr/0011-backplane.md).
 */
export function createSender(connection: KafkaConnection, options: SenderOptions): Sender {
  const { topic, acks, byKey = false } = options;
  let producer: Promise<Producer> | null = null;

  function discard(): void {
    const old = producer;
    producer = null;
    if (old)
      void leave(
        old.then((one) => one.disconnect()),
        connection.logger,
      );
  }

  return {
    async send(messages) {
      producer ??= connected(connection, byKey);
      const sending = producer.then((one) =>
        one.sendBatch({ acks, timeout: REQUEST_TIMEOUT_MS, topicMessages: [{ topic, messages }] }),
      );
      try {
        await withDeadline(
          sending,
          SEND_DEADLINE_MS,
          () => new KafkaError('unavailable', `${topic}: no answer in time`),
        );
      } catch (error) {
        discard();
        throw kafkaErrorOf(error, `${topic} cannot be written`);
      }
    },
    async close() {
      const last = producer;
      producer = null;
      if (last)
        await leave(
          last.then((one) => one.disconnect()),
          connection.logger,
        );
    },
  };
}

async function connected({ kafka }: KafkaConnection, byKey: boolean): Promise<Producer> {
  const producer = kafka.producer({
    idempotent: false,
    allowAutoTopicCreation: false,
    maxInFlightRequests: 1,
    retry: { retries: 2 }, // a leader that has moved; whatever lasts longer is for the caller, who knows what must be written first
    createPartitioner: byKey ? kafkajs.Partitioners.DefaultPartitioner : () => placed,
  });
  await producer.connect();
  return producer;
}

/** Every message says where it goes: what kafkajs would make of the key is not what `partitionOf` makes of it. */
function placed({ message }: { message: Message }): number {
  if (message.partition === undefined) throw new Error('a message has no partition');
  return message.partition;
}
