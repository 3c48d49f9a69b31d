import { describe, expect, it } from 'vitest';
import type { Placed } from '../../../events/backplane.ts';
import { randomLog } from '../../support/random-log.ts';
import { type Seeded, seeded } from '../../support/seeded.ts';
import type { CommitFault } from '../../support/sqlite-partition-rows.ts';
import { embeddedDump, openWorld, relay, type World } from './world.ts';

const GROUPS = ['chat-history', 'user-chats'] as const;
const SEEDS = [101, 102, 103, 104, 105, 106];

/** What goes wrong between a relay and its readers, at random. */
function upset({ topic }: World, random: Seeded): void {
  if (random.chance(0.2)) topic.faults.duplicateNext();
  if (random.chance(0.3)) topic.faults.dropNext(1 + random.below(6));
  if (random.chance(0.1)) topic.faults.expire(random.below(30));
  if (random.chance(0.2)) topic.faults.rebalance(random.pick(GROUPS));
}

async function relayBadly(world: World, random: Seeded): Promise<void> {
  const { events } = world.log;
  const writer = world.topic.writer();
  const links = relay();
  for (let at = 0; at < events.length; ) {
    const chunk = events.slice(at, at + 1 + random.below(25));
    at += chunk.length;
    const placed: Placed[] = chunk.map(links.event);
    if (random.chance(0.4)) placed.push(...links.watermark(chunk.at(-1)?.position ?? 0));
    upset(world, random);
    await writer.write(placed);
    if (random.chance(0.5)) await new Promise((resolve) => setTimeout(resolve, random.below(4)));
  }
  world.topic.faults.dropNext(0);
  await writer.write(links.watermark(events.at(-1)?.position ?? 0));
}

describe('views of a cluster', () => {
  it.each(SEEDS)('are those of the embedded run, whatever the links and the processes do (seed %i)', async (seed) => {
    const random = seeded(seed);
    const { events } = randomLog({ seed, events: 400 });
    const faults = (): CommitFault => (random.chance(0.05) ? random.pick(['before', 'after']) : 'none');
    const world = await openWorld({ events: [...events], onCommit: faults });
    const owners = GROUPS.flatMap((group) => ['a', 'b'].map((name) => ({ group, name, ...world.join(group, name) })));
    const restarts = async (): Promise<void> => {
      for (let n = 0; n < 4; n++) {
        await new Promise((resolve) => setTimeout(resolve, random.below(10)));
        const at = random.below(owners.length);
        const { follower, group, name } = owners[at] as (typeof owners)[number];
        await follower.close();
        owners[at] = { group, name, ...world.join(group, `${name}${n}`) };
      }
    };
    await Promise.all([relayBadly(world, random), restarts()]);
    await world.reached(GROUPS);
    expect(await world.views.dump()).toEqual(await embeddedDump(events));
    expect(await world.parking.list()).toEqual([]);
  });

  it('are those of the embedded run from the log alone, where the topic has kept nothing', async () => {
    const { events } = randomLog({ seed: 7, events: 500 });
    const world = await openWorld({ events: [...events] });
    await world.relayAll();
    world.topic.faults.expire(1);
    for (const group of GROUPS) world.join(group);
    await world.reached(GROUPS);
    expect(await world.views.dump()).toEqual(await embeddedDump(events));
    const healed = world.reports.filter((report) => report.kind === 'healed');
    expect(healed.length).toBeGreaterThanOrEqual(GROUPS.length);
  });
});
