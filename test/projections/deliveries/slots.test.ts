import { describe, expect, it, onTestFinished } from 'vitest';
import { StoreError } from '../../../events/event-store.ts';
import { openDeliveries } from '../../../projections/deliveries/deliveries.ts';
import type { ChatSlotsStore } from '../../../projections/deliveries/ports.ts';
import { createPartitionFollower, type PartitionFollower } from '../../../projections/partitions/follower.ts';
import { arrayLog } from '../../support/array-log.ts';
import { createMemoryTopic, type MemoryTopic } from '../../support/memory/backplane.ts';
import { memoryChatSlots } from '../../support/memory/chat-slots.ts';
import { memoryCheckpoints } from '../../support/memory/checkpoints.ts';
import { memoryParking } from '../../support/memory/parking.ts';
import { randomLog } from '../../support/random-log.ts';
import { type Seeded, seeded } from '../../support/seeded.ts';
import { LIMITS, PARTITIONS, relay, until } from '../partitions/world.ts';
import { allTold, expectedDeliveries, readSlot, SLOTS } from './world.ts';

const SEEDS = [201, 202, 203, 204, 205, 206];

/** Commits that fail now and then, before or after they happened. */
function failing(store: ChatSlotsStore, random: Seeded): ChatSlotsStore {
  return {
    ...store,
    async commit(step) {
      if (random.chance(0.04)) throw new StoreError('unavailable', 'failed on demand, before the commit');
      await store.commit(step);
      if (random.chance(0.04)) throw new StoreError('unknown', 'failed on demand, after the commit');
    },
  };
}

function upset({ events, deliveries }: { events: MemoryTopic; deliveries: MemoryTopic }, random: Seeded): void {
  if (random.chance(0.2)) events.faults.duplicateNext();
  if (random.chance(0.2)) events.faults.dropNext(1 + random.below(4));
  if (random.chance(0.2)) events.faults.rebalance('deliveries');
  if (random.chance(0.2)) deliveries.faults.duplicateNext();
  if (random.chance(0.3)) deliveries.faults.failNext(random.pick(['before', 'halfway', 'after']));
  if (random.chance(0.15)) deliveries.faults.dropNext(1 + random.below(4));
}

describe('what a slot is told', () => {
  it.each(SEEDS)('is every event of the chats with members there, once and in order (seed %i)', async (seed) => {
    const random = seeded(seed);
    const log = arrayLog(randomLog({ seed, events: 400 }).events);
    const head = log.events.at(-1)?.position ?? 0;
    const topics = {
      events: createMemoryTopic({ partitions: PARTITIONS }),
      deliveries: createMemoryTopic({ partitions: SLOTS }),
    };
    const checkpoints = memoryCheckpoints();
    await checkpoints.prepare('deliveries', PARTITIONS);
    const [slots, parking] = [memoryChatSlots(checkpoints), memoryParking()];
    const followers: PartitionFollower[] = [];
    onTestFinished(async () => void (await Promise.all(followers.map((follower) => follower.close()))));
    const begin = (owner: string): PartitionFollower => {
      const writer = topics.deliveries.writer();
      const common = { checkpoints, parking, log, report: () => undefined, clock: Date.now };
      const follower = createPartitionFollower({
        ...common,
        group: 'deliveries',
        partitions: PARTITIONS,
        topic: topics.events.group('deliveries'),
        open: (claim) =>
          openDeliveries({
            ...common,
            claim,
            writer,
            store: failing(slots.open(), random),
            watermarkEveryMs: 3,
            repeatEveryMs: 20,
          }),
        owner,
        limits: LIMITS,
      });
      followers.push(follower);
      follower.run().catch((error: unknown) => expect.unreachable(String(error)));
      return follower;
    };
    let [one, other] = [begin('a'), begin('b')];
    const [links, writer] = [relay(), topics.events.writer()];
    for (let at = 0; at < log.events.length; at += 20) {
      upset(topics, random);
      await writer.write(log.events.slice(at, at + 20).map(links.event));
      if (random.chance(0.3)) await writer.write(links.watermark(log.events[at + 19]?.position ?? head));
      if (random.chance(0.5)) await new Promise((resolve) => setTimeout(resolve, random.below(5)));
      if (random.chance(0.1)) {
        await one.close();
        [one, other] = [other, begin(`c${at}`)];
      }
    }
    topics.events.faults.dropNext(0);
    await until(async () => {
      const idle = { source: 0, after: head, position: head, event: null };
      await writer.write(Array.from({ length: PARTITIONS }, (_, partition) => ({ partition, link: idle })));
      return allTold(topics.deliveries, head);
    });
    const expected = expectedDeliveries(log.events);
    for (let slot = 0; slot < SLOTS; slot++) {
      const { told } = readSlot(topics.deliveries.links(slot), expected[slot] ?? []);
      expect(told.map((events) => events.map(({ position }) => position))).toEqual(
        expected[slot]?.map((events) => events.map(({ position }) => position)),
      );
    }
    expect(await parking.list()).toEqual([]);
  });
});
