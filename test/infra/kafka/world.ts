import { connect } from 'node:net';
import { connectKafka, type KafkaConnection, type KafkaOptions } from '../../../infra/kafka/connection.ts';
import { createTopics } from '../../../infra/kafka/topics.ts';
import { servers, topicPrefix } from '../../support/servers.ts';
import type { TcpProxy } from '../../support/tcp-proxy.ts';

/** What was logged, so that tests can say what an operator would have heard. */
export interface Heard {
  readonly warnings: string[];
  readonly all: { message: string; fields: object }[];
}

export function hear(): Heard & KafkaOptions['logger'] {
  const heard: Heard = { warnings: [], all: [] };
  return {
    ...heard,
    debug: (fields, message) => heard.all.push({ message, fields }),
    warn(fields, message) {
      heard.warnings.push(message);
      heard.all.push({ message, fields });
    },
  };
}

export const broker = (): { host: string; port: number } => {
  const [address = ''] = servers().kafka.brokers;
  const [host = '', port = ''] = address.split(':');
  return { host, port: Number(port) };
};

/** To the broker of this run; through the proxy, whatever address the broker gives of itself. */
export function openKafka(options: { proxy?: TcpProxy; logger?: KafkaOptions['logger'] } = {}): KafkaConnection {
  const { proxy, logger = hear() } = options;
  return connectKafka({
    brokers: servers().kafka.brokers,
    clientId: 'hindsight-test',
    logger,
    ...(proxy && { socketFactory: ({ onConnect }) => connect(proxy.port, proxy.host, onConnect) }),
  });
}

export interface FreshTopic {
  readonly topic: string;
  /** For the names of groups. */
  readonly prefix: string;
  drop(): Promise<void>;
}

export async function freshTopic(partitions: number): Promise<FreshTopic> {
  const prefix = topicPrefix();
  const topic = `${prefix}topic`;
  const connection = openKafka();
  await createTopics(connection, [{ topic, partitions, retentionMs: 3_600_000 }]);
  return {
    topic,
    prefix,
    async drop() {
      await connection.ask('drop', (admin) => admin.deleteTopics({ topics: [topic] }));
      await connection.close();
    },
  };
}
