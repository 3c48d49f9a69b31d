import { afterEach, beforeEach, expect, test } from 'vitest';
import type { KafkaConnection } from '../../../infra/kafka/connection.ts';
import { ensureTopics, topicNames } from '../../../infra/kafka/topics.ts';
import { topicPrefix } from '../../support/servers.ts';
import { openKafka } from './world.ts';

let connection: KafkaConnection;
let prefix: string;

beforeEach(() => {
  connection = openKafka();
  prefix = `${topicPrefix()}own`;
});
afterEach(async () => {
  const there = await connection.ask('list', (admin) => admin.listTopics());
  const topics = there.filter((topic) => topic.startsWith(prefix));
  if (topics.length > 0) await connection.ask('drop', (admin) => admin.deleteTopics({ topics }));
  await connection.close();
});

const partitionsOf = async (topic: string) => {
  const { topics } = await connection.ask('describe', (admin) => admin.fetchTopicMetadata({ topics: [topic] }));
  return topics[0]?.partitions.length;
};

test('makes what is missing, with any number of processes at it, and finds it again', async () => {
  const other = openKafka();
  const wanted = { prefix, partitions: 3, slots: 5 };
  const names = await Promise.all([ensureTopics(connection, wanted), ensureTopics(other, wanted)]);
  await other.close();
  expect(names).toEqual([topicNames(prefix), topicNames(prefix)]);
  const { events, deliveries, signals } = topicNames(prefix);
  expect(events).toBe(`${prefix}.events`);
  expect([await partitionsOf(events), await partitionsOf(deliveries), await partitionsOf(signals)]).toEqual([3, 5, 5]);
  await expect(ensureTopics(connection, { ...wanted, create: false })).resolves.toEqual(topicNames(prefix));
});

test('a wrong number of partitions is refused', async () => {
  await ensureTopics(connection, { prefix, partitions: 3, slots: 5 });
  for (const wrong of [
    { partitions: 4, slots: 5 },
    { partitions: 2, slots: 5 },
    { partitions: 3, slots: 6 },
  ]) {
    await expect(ensureTopics(connection, { prefix, ...wrong })).rejects.toMatchObject({
      code: 'topic-mismatch',
      temporary: false,
    });
  }
});

test('where topics are not to be made, a missing one is refused', async () => {
  const wanted = { prefix, partitions: 1, slots: 1, create: false };
  await expect(ensureTopics(connection, wanted)).rejects.toMatchObject({ code: 'topic-mismatch' });
  expect(await connection.ask('list', (admin) => admin.listTopics())).not.toContain(topicNames(prefix).events);
});
