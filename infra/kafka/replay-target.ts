import type { Message } from 'kafkajs';
import type { ChatEvent } from '../../events/chat.ts';
import { chatStream } from '../../events/streams.ts';
import { ReplayError, type ReplayTarget } from '../../queries/replay/port.ts';
import { type Attempt, type Attempts, untilDone } from '../replay/attempts.ts';
import type { KafkaConnection } from './connection.ts';
import { KafkaError } from './errors.ts';
import { createSender } from './sender.ts';

const BATCH_EVENTS = 500;
/** A partition's share is one batch, which the broker takes up to 1 MiB. */
const REQUEST_BYTES_MAX = 900_000;

export interface TopicTargetOptions {
  topic: string;
  onRetry: Attempts['onRetry'];
}

/**
 * Writes events to a topic: the key is the chat's id, so that a chat's events keep their order; the value is the event
 * as NDJSON has it; headers as the backplane's (docs/backplane.md), less `link`. Each request waits for all replicas.
 */
export async function topicTarget(
  connection: KafkaConnection,
  { topic, onRetry }: TopicTargetOptions,
): Promise<ReplayTarget> {
  await assertTopic(connection, topic);
  const sender = createSender(connection, { topic, acks: -1, byKey: true });

  async function attempt(messages: Message[]): Promise<Attempt> {
    try {
      await sender.send(messages);
      return 'done';
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error;
      if (!error.temporary) throw new ReplayError('refused', error.message, { cause: error });
      return { why: error.message };
    }
  }

  return {
    batchEvents: BATCH_EVENTS,
    async take(events, signal) {
      let taken = 0;
      try {
        for (const messages of requestsOf(events)) {
          if (!(await untilDone(() => attempt(messages), { onRetry, signal }))) break;
          taken += messages.length;
        }
        return taken;
      } catch (error) {
        if (!(error instanceof ReplayError)) throw error;
        throw new ReplayError(error.code, error.message, { cause: error, taken });
      }
    },
    close: () => sender.close(),
  };
}

/** A topic that is missing is not made: how many partitions it has is for whoever reads it to say. */
async function assertTopic(connection: KafkaConnection, topic: string): Promise<void> {
  const topics = await connection.ask('which topics there are', (admin) => admin.listTopics());
  if (!topics.includes(topic)) throw new ReplayError('refused', `there is no topic ${topic}: make it first`);
}

function* requestsOf(events: readonly ChatEvent[]): Generator<Message[]> {
  let messages: Message[] = [];
  let bytes = 0;
  for (const event of events) {
    const value = JSON.stringify(event);
    const size = Buffer.byteLength(value);
    if (messages.length > 0 && bytes + size > REQUEST_BYTES_MAX) {
      yield messages;
      messages = [];
      bytes = 0;
    }
    messages.push({ key: event.chatId, value, headers: headersOf(event) });
    bytes += size;
  }
  if (messages.length > 0) yield messages;
}

const headersOf = ({ eventId, type, chatId, correlationId, causationId }: ChatEvent): Record<string, string> => ({
  id: eventId,
  type,
  stream: chatStream(chatId),
  correlationId,
  ...(causationId !== undefined && { causationId }),
});
