import type { RecordedEvent } from '../../../events/event-store.ts';
import type { Cassandra } from '../../../infra/cassandra/cassandra.ts';
import { createHistoryRows } from '../../../infra/cassandra/chat-history/rows.ts';
import { feeder, inBatches } from '../../contracts/partition-rows/feeder.ts';
import { memoryCheckpoints } from '../../support/memory/checkpoints.ts';
import type { Seeded } from '../../support/seeded.ts';
import type { Space } from './keyspace.ts';

const BATCH_MOST = 120;

/** A log taken in by way of the projector, in batches of random size. */
export async function feedLog(
  cassandra: Cassandra,
  events: readonly RecordedEvent[],
  random: Seeded,
  most: number = BATCH_MOST,
): Promise<void> {
  const checkpoints = memoryCheckpoints();
  await checkpoints.prepare('chat-history', 1);
  const rows = createHistoryRows({ cassandra, checkpoints });
  const by = feeder(rows, await checkpoints.claim('chat-history', 0, 'test'));
  for (const batch of inBatches(events, random, most)) await by.feed(batch);
  await by.close();
}

/** The same for tests that only read: each log is taken in once, into a space of its own. */
export function feedOnce(
  keyspace: { space(): Space },
  random: Seeded,
): (events: readonly RecordedEvent[]) => Promise<Cassandra> {
  const fed = new Map<readonly RecordedEvent[], Promise<Cassandra>>();
  const feed = async (events: readonly RecordedEvent[]) => {
    const { cassandra } = keyspace.space();
    await feedLog(cassandra, events, random);
    return cassandra;
  };
  return (events) => {
    const known = fed.get(events) ?? feed(events);
    fed.set(events, known);
    return known;
  };
}
