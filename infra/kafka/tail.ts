import type { Link, TopicTail } from '../../events/backplane.ts';
import type { KafkaConnection } from './connection.ts';
import { linkOf } from './lane-buffer.ts';
import { createRecordTail, type RecordTailOptions } from './record-tail.ts';

export type TailOptions = RecordTailOptions;

export function createKafkaTail(connection: KafkaConnection, options: TailOptions): TopicTail {
  const { topic } = options;
  const { logger } = connection;
  const tail = createRecordTail(connection, options);
  return {
    follow: tail.follow,
    run: (take) =>
      tail.run((partition, messages) => {
        const links = messages
          .map((message) => linkOf(message, { topic, partition, logger }))
          .filter((link): link is Link => link !== null);
        if (links.length > 0) take(partition, links);
      }),
    close: tail.close,
  };
}
