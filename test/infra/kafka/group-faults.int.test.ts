import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Link, TopicGroup } from '../../../events/backplane.ts';
import type { KafkaConnection } from '../../../infra/kafka/connection.ts';
import { createKafkaGroup } from '../../../infra/kafka/group.ts';
import { createSender } from '../../../infra/kafka/sender.ts';
import { createKafkaTail } from '../../../infra/kafka/tail.ts';
import { createKafkaWriter } from '../../../infra/kafka/writer.ts';
import { chain, range } from '../../contracts/backplane/under-test.ts';
import { gate } from '../../support/raw-socket.ts';
import { createTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import { follow } from './reading.ts';
import { broker, type FreshTopic, freshTopic, hear, openKafka } from './world.ts';

/** A member that is gone is replaced within this time. */
const TAKEOVER_MS = 15_000;
const PARTITIONS = 2;

let place: FreshTopic;
let proxy: TcpProxy;
/** Through the proxy, and not. */
let far: KafkaConnection;
let near: KafkaConnection;
const open: { close(): Promise<void> }[] = [];

beforeEach(async () => {
  place = await freshTopic(PARTITIONS);
  proxy = await createTcpProxy(broker());
  far = openKafka({ proxy });
  near = openKafka();
});
afterEach(async () => {
  proxy.heal();
  await Promise.all(open.splice(0).map((one) => one.close()));
  await Promise.all([far.close(), near.close()]);
  await proxy.close();
  await place.drop();
});

const keep = <T extends { close(): Promise<void> }>(one: T): T => {
  open.push(one);
  return one;
};
const write = (first: number, count: number) =>
  keep(createKafkaWriter(near, { topic: place.topic, partitions: PARTITIONS })).write(
    range(0, PARTITIONS).flatMap((partition) => chain(partition, first, count)),
  );
const until = (assertion: () => void, timeout = TAKEOVER_MS) => vi.waitFor(assertion, { timeout, interval: 10 });

function member(connection: KafkaConnection, options: { takeDeadlineMs?: number; hang?: boolean } = {}) {
  const { hang = false, ...rest } = options;
  const group: TopicGroup = keep(
    createKafkaGroup(connection, { topic: place.topic, groupId: `${place.prefix}g`, ...rest }),
  );
  const links = new Map<number, Link[]>();
  const lost: number[] = [];
  const run = group.run({
    async take(partition, taken) {
      if (hang) await new Promise(() => undefined);
      links.set(partition, [...(links.get(partition) ?? []), ...taken]);
    },
    lost: (partitions) => lost.push(...partitions),
  });
  run.catch(() => undefined); // looked at by whoever wants to
  const positions = (partition: number) => follow(links.get(partition) ?? []).taken;
  return { run, lost, positions, all: () => range(0, PARTITIONS).map(positions) };
}

test('a member that falls silent is replaced, and learns what it has lost when it comes back', async () => {
  await write(1, 5);
  const silent = member(far);
  await until(() => expect(silent.all()).toEqual([range(1, 5), range(1, 5)]));
  proxy.blackHole();
  const began = performance.now();
  const next = member(near);
  await write(6, 5);
  await until(() => expect(next.all().map((positions) => positions.slice(-5))).toEqual([range(6, 5), range(6, 5)]));
  expect(performance.now() - began).toBeLessThan(TAKEOVER_MS);
  proxy.heal();
  await until(() => expect(silent.lost.length).toBeGreaterThan(0), 30_000);
  await write(11, 5);
  await until(() => {
    for (const partition of range(0, PARTITIONS)) {
      const taken = new Set([...silent.positions(partition), ...next.positions(partition)]);
      expect([...taken].sort((a, b) => a - b)).toEqual(range(1, 15));
    }
  });
});

test('a group and a tail go on where they were after the broker was away', async () => {
  const tail = keep(createKafkaTail(far, { topic: place.topic, groupPrefix: `${place.prefix}tail` }));
  const seen: Link[] = [];
  await tail.follow([0]);
  const run = tail.run((_, links) => seen.push(...links));
  const reader = member(far);
  await write(1, 5);
  await until(() => expect([reader.all(), seen.length]).toEqual([[range(1, 5), range(1, 5)], 5]));
  for (const round of [1, 2]) {
    proxy.cut();
    await write(round * 5 + 1, 5);
    const refused = proxy.connections.total();
    expect(refused).toBeGreaterThan(0);
    await until(() => expect(proxy.connections.open()).toBe(0));
    proxy.heal();
    const all = range(1, 5 + round * 5);
    await until(() => expect([reader.all(), follow(seen).taken]).toEqual([[all, all], all]), 30_000);
  }
  expect(follow(seen)).toMatchObject({ gaps: 0, repeats: 0 });
  await tail.close();
  await run;
});

test('a member that is slow fetches no more than it may hold, and gets everything', async () => {
  const { opened, open: go } = gate<void>();
  const group = keep(createKafkaGroup(near, { topic: place.topic, groupId: `${place.prefix}g` }));
  const taken: number[][] = range(0, PARTITIONS).map(() => []);
  const run = group.run({
    async take(partition, links) {
      if (partition === 0) await opened;
      taken[partition]?.push(...links.map(({ position }) => position));
    },
    lost: () => undefined,
  });
  await write(1, 12_000);
  await until(() => expect(taken[1]).toEqual(range(1, 12_000)), 30_000);
  go();
  await until(() => expect(taken[0]).toEqual(range(1, 12_000)), 30_000);
  await group.close();
  await run;
});

test('a take that hangs ends the run: heartbeats would go on for ever', async () => {
  await write(1, 1);
  const hanging = member(near, { takeDeadlineMs: 200, hang: true });
  await expect(hanging.run).rejects.toMatchObject({ code: 'take-hangs', temporary: false });
});

test('a record that is no link is left out, and told of', async () => {
  const logger = hear();
  const connection = keep(openKafka({ logger }));
  await write(1, 2);
  const sender = keep(createSender(near, { topic: place.topic, acks: -1 }));
  await sender.send([{ partition: 0, key: 'x', value: '{"foreign":true}' }]);
  await write(3, 2);
  const reader = member(connection);
  await until(() => expect(reader.all()).toEqual([range(1, 4), range(1, 4)]));
  expect(logger.warnings).toEqual(['kafka: a record is no link']);
});

test('a topic that is gone, or was never there, keeps its reader waiting and says so', async () => {
  const logger = hear();
  const connection = keep(openKafka({ logger }));
  const group = keep(createKafkaGroup(connection, { topic: `${place.topic}.nowhere`, groupId: `${place.prefix}g` }));
  const run = group.run({ take: async () => undefined, lost: () => undefined });
  await until(() => expect(logger.warnings).toContain('kafka: a consumer broke off, another begins'));
  await group.close();
  await expect(run).resolves.toBeUndefined();
});

test('a write fails within its deadline where nobody answers, and is made again', async () => {
  const writer = keep(createKafkaWriter(far, { topic: place.topic, partitions: PARTITIONS }));
  await writer.write(chain(0, 1, 1));
  proxy.blackHole();
  await expect(writer.write(chain(0, 2, 1))).rejects.toMatchObject({ code: 'unavailable', temporary: true });
  proxy.heal();
  await vi.waitFor(() => writer.write(chain(0, 2, 1)), { timeout: 20_000 });
  const reader = member(near);
  await until(() => expect(reader.positions(0)).toEqual([1, 2]));
});
