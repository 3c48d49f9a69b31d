import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TopicGroup, TopicWriter } from '../../../events/backplane.ts';
import type { KafkaConnection } from '../../../infra/kafka/connection.ts';
import { createKafkaGroup } from '../../../infra/kafka/group.ts';
import { createKafkaWriter } from '../../../infra/kafka/writer.ts';
import { broker, type FreshTopic, freshTopic, openKafka } from '../../infra/kafka/world.ts';
import { seeded } from '../../support/seeded.ts';
import { createTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import { createReader, type Reader } from './reader.ts';
import { openWorld, PARTITIONS, until, type World } from './world.ts';

let world: World;
let place: FreshTopic;
let proxy: TcpProxy;
let connection: KafkaConnection;
let reader: Reader;
let group: TopicGroup;
const writers: TopicWriter[] = [];

beforeEach(async () => {
  place = await freshTopic(PARTITIONS);
  proxy = await createTcpProxy(broker());
  connection = openKafka({ proxy });
  world = openWorld();
  reader = createReader(world.log, PARTITIONS);
  group = createKafkaGroup(connection, { topic: place.topic, groupId: `${place.prefix}readers` });
  group.run(reader).catch(() => undefined); // what it was told is what counts
});
afterEach(async () => {
  proxy.heal();
  await group.close();
  await world.close();
  await Promise.all(writers.splice(0).map((writer) => writer.close()));
  await connection.close();
  await proxy.close();
  await place.drop();
});

function relay() {
  const writer = createKafkaWriter(connection, { topic: place.topic, partitions: PARTITIONS });
  writers.push(writer);
  return world.relay({ writer });
}

test('carries the log through Kafka to a consumer group', async () => {
  await world.append(3_000, 200);
  const { reports } = relay();
  await world.untilTold(reader);
  await world.append(50, 200);
  await world.untilTold(reader);
  expect(reader.counts.gaps).toBe(0);
  expect(reports).toEqual([{ kind: 'active', term: 1, position: 0 }]);
});

test('two relays, and connections to the broker that break, lose answers and fall silent under load', async () => {
  const seed = Date.now() % 1_000_000;
  const dice = seeded(seed);
  const relays = [relay(), relay()];
  const faults = [proxy.reset, proxy.cut, proxy.dropResponses, () => proxy.blackHole('up')];
  for (let round = 0; round < 12; round++) {
    await world.append(100 + dice.below(200), 100);
    const before = proxy.bytes.up;
    dice.pick(faults)();
    await world.append(dice.below(100), 100);
    // Some requests meet the fault, or the connection is refused.
    await until(() => expect(proxy.bytes.up > before || proxy.connections.open() === 0).toBe(true));
    proxy.heal();
  }
  await world.untilTold(reader);
  expect(reader.all().length, `seed ${seed}`).toBe(await world.log.head());
  // One that was replaced while its write was stuck learns of it a moment later.
  await until(() => expect(relays.filter((one) => one.state().active)).toHaveLength(1));
});
