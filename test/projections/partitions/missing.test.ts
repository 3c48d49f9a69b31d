import { expect, test } from 'vitest';
import type { AllPage, EventLog } from '../../../events/event-store.ts';
import { partitionKeyOf, partitionOf } from '../../../events/partition.ts';
import { chatStream } from '../../../events/streams.ts';
import { createMissingReader, type ReadMissing } from '../../../projections/partitions/missing.ts';
import { arrayLog, recorded } from '../../support/array-log.ts';
import { testId } from '../../support/random-chat.ts';

const PARTITIONS = 3;
const PAGE_EVENTS = 10;
const EVENTS = Array.from({ length: 40 }, (_, i) => {
  const of = { actor: testId('U', 1), position: i + 1, revision: Math.floor(i / 7) };
  return recorded(chatStream(testId('C', i % 7)), of, { type: 'MessageSent', data: {} });
});

function watched(): { read: ReadMissing; pages: AllPage[] } {
  const pages: AllPage[] = [];
  const log: EventLog = arrayLog(EVENTS);
  const read = createMissingReader({
    log: {
      ...log,
      readAll(page) {
        pages.push(page);
        return log.readAll(page);
      },
    },
    partitions: PARTITIONS,
    pageEvents: PAGE_EVENTS,
  });
  return { read, pages };
}

async function positions(read: ReadMissing, stretch: Parameters<ReadMissing>[0]): Promise<number[]> {
  const found: number[] = [];
  for await (const { events } of read(stretch)) found.push(...events.map(({ position }) => position));
  return found;
}

const inPartition = (partition: number, after: number, until: number): number[] =>
  EVENTS.filter(
    ({ stream, position }) =>
      position > after && position <= until && partitionOf(partitionKeyOf(stream), PARTITIONS) === partition,
  ).map(({ position }) => position);

test('a few missing events are asked for, and nothing behind them', async () => {
  const { read, pages } = watched();
  expect(await positions(read, { partition: 1, after: 3, until: 7 })).toEqual(inPartition(1, 3, 7));
  expect(pages).toEqual([{ after: 3, until: 7, limit: PAGE_EVENTS }]);
});

test('partitions that begin together share the full pages', async () => {
  const { read, pages } = watched();
  const stretches = [0, 1, 2].map((partition) => ({ partition, after: 0, until: 34 + partition }));
  const found = await Promise.all(stretches.map((stretch) => positions(read, stretch)));
  expect(found).toEqual(stretches.map(({ partition, after, until }) => inPartition(partition, after, until)));
  expect(pages.filter(({ after }) => after < 30)).toHaveLength(3);
});
