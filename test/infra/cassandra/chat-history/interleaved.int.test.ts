import { describe, expect, it } from 'vitest';
import type { RecordedEvent } from '../../../../events/event-store.ts';
import type { Cassandra } from '../../../../infra/cassandra/cassandra.ts';
import { createHistoryRows } from '../../../../infra/cassandra/chat-history/rows.ts';
import { FOLD_EVERY } from '../../../../queries/chat-history/view.ts';
import { type Feeder, feeder, inBatches } from '../../../contracts/partition-rows/feeder.ts';
import { hotMessage } from '../../../support/hot-message.ts';
import { randomLog } from '../../../support/random-log.ts';
import { type Seeded, seeded } from '../../../support/seeded.ts';
import { feedLog } from '../feed.ts';
import { useKeyspace } from '../keyspace.ts';
import { restless } from '../restless.ts';

const SEEDS = [51, 52];
const keyspace = useKeyspace();

/** A process that nobody tells that it has lost the partition: its checkpoint moves as it likes. */
function zombie(cassandra: Cassandra): Feeder {
  const rows = createHistoryRows({ cassandra, checkpoints: { move: async () => undefined } });
  return feeder(rows, { group: 'chat-history', partition: 0, term: 1, era: 0, position: 0 });
}

async function feedSlowly(by: Feeder, events: readonly RecordedEvent[], random: Seeded): Promise<void> {
  for (const batch of inBatches(events, random, 90)) await by.feed(batch);
}

describe.each(SEEDS)('writers that do not know of one another (seed %i)', (seed) => {
  const logs = {
    'many chats': randomLog({ seed, events: 400 }).events,
    'one message': hotMessage({ changes: 12 * FOLD_EVERY, seed }).events,
  };
  const truth = async (events: readonly RecordedEvent[]) => {
    const alone = keyspace.space();
    await feedLog(alone.cassandra, events, seeded(seed));
    return alone.dump();
  };

  it.each(Object.entries(logs))('leave the same rows as one alone: %s', async (_, events) => {
    const random = seeded(seed);
    const space = keyspace.space();
    const cassandra = restless(space.cassandra, random);
    const start = (from: number) => feedSlowly(zombie(cassandra), events.slice(from), random);
    const first = zombie(cassandra);
    const known = 50 + random.below(100);
    await feedSlowly(first, events.slice(0, known), random);
    // The first goes on from what it has in memory; two begin where the checkpoint was, one of them long before.
    await Promise.all([feedSlowly(first, events.slice(known), random), start(known), start(random.below(known))]);
    expect(await space.dump()).toEqual(await truth(events));
  });

  it.each(Object.entries(logs))('leave the same rows when one comes back long after: %s', async (_, events) => {
    const random = seeded(seed + 1);
    const space = keyspace.space();
    const known = 50 + random.below(100);
    const sleeper = zombie(space.cassandra);
    await feedSlowly(sleeper, events.slice(0, known), random);
    // It has read what it needs for its next batch when it falls asleep.
    await sleeper.take(events.slice(known, known + 120));
    await feedSlowly(zombie(space.cassandra), events.slice(known), random);
    const before = await space.dump();
    await sleeper.commit(events[known + 119]?.position ?? 0);
    await feedSlowly(sleeper, events.slice(known + 120), random);
    expect(await space.dump()).toEqual(before);
    expect(before).toEqual(await truth(events));
  });
});
