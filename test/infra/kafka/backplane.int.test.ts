import { createKafkaGroup } from '../../../infra/kafka/group.ts';
import { createKafkaTail } from '../../../infra/kafka/tail.ts';
import { createKafkaWriter } from '../../../infra/kafka/writer.ts';
import { PARTITIONS } from '../../contracts/backplane/under-test.ts';
import { backplaneContract } from '../../contracts/backplane.ts';
import { freshTopic, openKafka } from './world.ts';

backplaneContract('Kafka', async () => {
  const { topic, prefix, drop } = await freshTopic(PARTITIONS);
  const connection = openKafka();
  return {
    writer: () => createKafkaWriter(connection, { topic, partitions: PARTITIONS }),
    group: (name) => createKafkaGroup(connection, { topic, groupId: prefix + name }),
    tail: () => createKafkaTail(connection, { topic, groupPrefix: `${prefix}tail` }),
    async close() {
      await connection.close();
      await drop();
    },
  };
});
