import type { Message } from 'kafkajs';
import type { Placed, TopicWriter } from '../../events/backplane.ts';
import type { KafkaConnection } from './connection.ts';
import { KafkaError } from './errors.ts';
import { toMessage } from './record.ts';
import { createSender, type Sender } from './sender.ts';

/** kafkajs groups a request's messages in quadratic time: more make it slower, fewer cost round trips. */
const REQUEST_RECORDS_MAX = 500;
/** A partition's share is one batch, which the broker takes up to 1 MiB. */
const REQUEST_BYTES_MAX = 900_000;

export interface WriterOptions {
  topic: string;
  partitions: number;
  requestRecordsMax?: number;
}

interface Call {
  readonly links: readonly Placed[];
  /** So many are in requests already. */
  sent: number;
  resolve(): void;
  reject(error: Error): void;
}

interface Queue {
  calls: Call[];
  flushing: Promise<void> | null;
  closed: boolean;
}

export function createKafkaWriter(connection: KafkaConnection, options: WriterOptions): TopicWriter {
  const { partitions, requestRecordsMax = REQUEST_RECORDS_MAX } = options;
  const sender = createSender(connection, { topic: options.topic, acks: -1 });
  const queue: Queue = { calls: [], flushing: null, closed: false };
  return {
    partitions,
    async write(links) {
      if (queue.closed) throw new KafkaError('closed', 'the writer is closed');
      assertPlaced(links, partitions);
      if (links.length === 0) return;
      await new Promise<void>((resolve, reject) => {
        queue.calls.push({ links, sent: 0, resolve, reject });
        queue.flushing ??= flush(queue, sender, requestRecordsMax);
      });
    },
    async close() {
      queue.closed = true;
      await queue.flushing;
      await sender.close();
    },
  };
}

/** One request in flight, each with as much of what waits as it holds. */
async function flush(queue: Queue, sender: Sender, recordsMax: number): Promise<void> {
  // What is asked for in the same turn goes together.
  await Promise.resolve();
  while (queue.calls.length > 0) {
    try {
      await sender.send(nextRequest(queue.calls, recordsMax));
      while (queue.calls[0] && queue.calls[0].sent === queue.calls[0].links.length) queue.calls.shift()?.resolve();
    } catch (error) {
      // Later calls may continue what failed: they fail too, and come again behind it.
      const failed = queue.calls;
      queue.calls = [];
      for (const call of failed) call.reject(error as Error);
    }
  }
  queue.flushing = null;
}

function nextRequest(calls: readonly Call[], recordsMax: number): Message[] {
  const messages: Message[] = [];
  let bytes = 0;
  for (const call of calls) {
    for (let next = call.links[call.sent]; next; next = call.links[call.sent]) {
      if (messages.length === recordsMax) return messages;
      const sized = toMessage(next);
      if (messages.length > 0 && bytes + sized.bytes > REQUEST_BYTES_MAX) return messages;
      messages.push(sized.message);
      bytes += sized.bytes;
      call.sent++;
    }
  }
  return messages;
}

function assertPlaced(links: readonly Placed[], partitions: number): void {
  for (const { partition } of links) {
    if (!Number.isInteger(partition) || partition < 0 || partition >= partitions) {
      throw new Error(`there is no partition ${partition}, only ${partitions}`);
    }
  }
}
