import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Link } from '../../../events/backplane.ts';
import { partitionKeyOf, partitionOf } from '../../../events/partition.ts';
import { openWorld, PARTITIONS, until, type World } from './world.ts';

let world: World;
beforeEach(() => {
  world = openWorld();
});
afterEach(() => world.close());

const partitions = Array.from({ length: PARTITIONS }, (_, partition) => partition);

/** Each link continues the one before it. */
function expectUnbroken(links: readonly Link[]): void {
  let held = 0;
  for (const { source, after, position, event } of links) {
    expect({ source, after }).toEqual({ source: 0, after: held });
    expect(position).toBeGreaterThanOrEqual(held);
    if (event) expect(position).toBe(event.position);
    held = position;
  }
}

test('everything goes, in the order of the log, each event in its partition, each partition one unbroken chain', async () => {
  await world.append(300);
  const relay = world.relay();
  await world.untilTold();
  await world.append(200);
  await world.untilTold();
  expect(world.reader.counts).toMatchObject({ gaps: 0, repeats: expect.any(Number) });
  for (const partition of partitions) {
    const links = world.topic.links(partition);
    expectUnbroken(links);
    const streams = links.flatMap(({ event }) => (event ? [event.stream] : []));
    expect(streams.every((stream) => partitionOf(partitionKeyOf(stream), PARTITIONS) === partition)).toBe(true);
  }
  expect(world.reader.all()).toHaveLength(500);
  expect(relay.reports).toEqual([{ kind: 'active', term: 1, position: 0 }]);
});

test('an event is at once beside watermarks for all other partitions', async () => {
  world.relay();
  await until(() => expect(world.topic.links(0).length).toBeGreaterThan(0));
  await world.append(1);
  await world.untilTold();
  const events = partitions.map(
    (partition) => world.topic.links(partition).filter(({ event }) => event !== null).length,
  );
  expect(events.reduce((sum, count) => sum + count)).toBe(1);
  for (const partition of partitions) expectUnbroken(world.topic.links(partition));
});

test('watermarks go on while nothing happens, and the checkpoint is confirmed', async () => {
  await world.append(10);
  const relay = world.relay();
  await world.untilTold();
  const before = partitions.map((partition) => world.topic.links(partition).length);
  await until(() => {
    for (const partition of partitions) {
      expect(world.topic.links(partition).length).toBeGreaterThan((before[partition] ?? 0) + 8);
    }
  });
  for (const partition of partitions) {
    expect(world.topic.links(partition).at(-1)).toEqual({ source: 0, after: 10, position: 10, event: null });
  }
  const [state] = await world.checkpoints.list(['relay']);
  expect(state).toMatchObject({ position: 10, term: 1, owner: 'relay 0' });
  expect(state?.idleMs).toBeLessThan(800);
  await until(() => expect(relay.state().lagMs).toBe(0));
  expect(relay.state()).toEqual({ active: true, term: 1, position: 10, checkpoint: 10, lagMs: 0, faults: [] });
});

test('a successor begins at the checkpoint', async () => {
  await world.append(50);
  const first = world.relay();
  await world.untilTold();
  await first.close();
  await expect(first.running).resolves.toBeUndefined();
  expect(first.state()).toMatchObject({ active: false, term: null, lagMs: null });
  await world.append(50);
  const second = world.relay();
  await world.untilTold();
  expect(second.reports).toEqual([{ kind: 'active', term: 2, position: 50 }]);
  expect(world.reader.counts.gaps).toBe(0);
  const events = partitions.flatMap((partition) => world.topic.links(partition)).filter(({ event }) => event);
  expect(events).toHaveLength(100);
});

test('one that stops in good order is not waited for', async () => {
  const NEVER_MS = 3_600_000;
  await world.append(10);
  const first = world.relay({ idleMs: NEVER_MS });
  await world.untilTold();
  const second = world.relay({ idleMs: NEVER_MS });
  await first.close();
  await until(() => expect(second.reports).toEqual([{ kind: 'active', term: 2, position: 10 }]));
  await world.append(10);
  await world.untilTold();
  expect(world.reader.counts.gaps).toBe(0);
});

test('one is active, the others wait', async () => {
  const relays = [world.relay(), world.relay(), world.relay()];
  await world.append(20);
  await world.untilTold();
  await until(() => expect(relays.filter((relay) => relay.state().active)).toHaveLength(1));
});

test('an event that is larger than the backplane carries is read from the log', async () => {
  world.relay({ eventBytesMax: 1_000 });
  await world.append(20);
  await world.append(3, 2_000);
  await world.append(20);
  await world.untilTold();
  expect(world.reader.counts.gaps).toBe(3);
  const carried = partitions.flatMap((partition) => world.topic.links(partition)).filter(({ event }) => event);
  expect(carried).toHaveLength(40);
});

test('reads a bounded way ahead of what it can write', async () => {
  await world.append(20_000);
  let read = 0;
  const counted = {
    head: () => world.log.head(),
    async *subscribe(options: Parameters<World['log']['subscribe']>[0]) {
      for await (const batch of world.log.subscribe(options)) {
        read += batch.events.length;
        yield batch;
      }
    },
  };
  world.topic.faults.pause();
  const relay = world.relay({ log: counted });
  await until(() => expect(read).toBeGreaterThan(2_000));
  await until(async () => expect((await world.checkpoints.list(['relay']))[0]?.idleMs).toBeGreaterThan(100));
  expect(read).toBeLessThanOrEqual(5_000);
  expect(relay.state().lagMs).toBeGreaterThan(0);
  world.topic.faults.resume();
  await world.untilTold();
  await until(() => expect(relay.state().lagMs).toBe(0));
});
