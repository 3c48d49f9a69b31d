import type { KafkaMessage } from 'kafkajs';
import { expect, test, vi } from 'vitest';
import type { Link } from '../../../events/backplane.ts';
import { createLane } from '../../../infra/kafka/lane.ts';
import { createLaneBuffer } from '../../../infra/kafka/lane-buffer.ts';
import { toMessage } from '../../../infra/kafka/record.ts';
import { chain, range } from '../../contracts/backplane/under-test.ts';
import { gate } from '../../support/raw-socket.ts';
import { hear } from './world.ts';

/** Links at these positions, at the offsets before them. */
function messages(first: number, count: number, textBytes = 10, data?: string): KafkaMessage[] {
  return chain(0, first, count, textBytes).map(({ partition, link }) => {
    const placed = { partition, link: { ...link, event: link.event && { ...link.event, ...(data && { data }) } } };
    const { key, value, headers } = toMessage(placed).message;
    const bytes = Object.entries(headers ?? {}).map(([name, text]) => [name, Buffer.from(String(text))]);
    return {
      key: Buffer.from(String(key)),
      value: Buffer.from(String(value)),
      headers: Object.fromEntries(bytes) as Record<string, Buffer>,
      offset: String(placed.link.position - 1),
      timestamp: '0',
      attributes: 0,
    };
  });
}
function foreign(offset: number): KafkaMessage {
  const [like] = messages(1, 1) as [KafkaMessage];
  return Object.assign(like, { offset: String(offset), headers: {} });
}
const place = { topic: 't', partition: 0, logger: hear() };
const positions = (links: readonly Link[]) => links.map(({ position }) => position);

test('a buffer gives portions in order, and knows where each ends', () => {
  const buffer = createLaneBuffer(place);
  expect([buffer.portion(), buffer.next()]).toEqual([null, null]);
  buffer.add([...messages(1, 1_500), foreign(1_500)]);
  expect(buffer.next()).toBe('1501');
  const [one, two] = [buffer.portion(), buffer.portion()];
  expect([positions(one?.links ?? []), one?.next]).toEqual([range(1, 1_000), '1000']);
  expect([positions(two?.links ?? []), two?.next]).toEqual([range(1_001, 500), '1500']);
  expect(buffer.portion()).toBeNull();
});

test.each([
  ['links', 4_000, 10],
  ['bytes', 42, 100_000],
])('a buffer is full by %s, and has room again once half of it is gone', (_, count, textBytes) => {
  const buffer = createLaneBuffer(place);
  buffer.add(messages(1, count - 1, textBytes));
  buffer.portion();
  expect(buffer.hasRoomAgain()).toBe(false); // it was not full
  buffer.add(messages(count, count, textBytes));
  expect(buffer.full()).toBe(true);
  while (buffer.full()) buffer.portion();
  const rest: boolean[] = [buffer.hasRoomAgain()];
  while (buffer.portion()) rest.push(buffer.hasRoomAgain());
  expect(rest.filter((room) => room)).toHaveLength(1);
});

test('what counts are the bytes of a record, however many units its text has', () => {
  const buffer = createLaneBuffer(place);
  const wide = JSON.stringify('語'.repeat(10_000));
  buffer.add(messages(1, 130, 0, wide));
  expect(buffer.full()).toBe(false);
  buffer.add(messages(131, 10, 0, wide));
  expect(buffer.full()).toBe(true);
});

test('a lane that ends finishes what it takes and begins nothing more', async () => {
  const { opened, open } = gate<void>();
  const taken: number[] = [];
  const lane = createLane({
    ...place,
    async take(_, links) {
      taken.push(...positions(links));
      await opened;
    },
    onRoom: () => undefined,
    fail: () => undefined,
  });
  lane.add(messages(1, 10));
  await vi.waitFor(() => expect(taken).toEqual(range(1, 10)));
  lane.add(messages(11, 10));
  const ended = lane.end();
  expect(lane.done()).toBeNull();
  open();
  await ended;
  expect([taken, lane.done(), lane.next()]).toEqual([range(1, 10), '10', '20']);
});

test('a lane that is between attempts ends at once', async () => {
  let attempts = 0;
  const lane = createLane({
    ...place,
    async take() {
      attempts++;
      throw new RangeError('cannot');
    },
    onRoom: () => undefined,
    fail: () => undefined,
  });
  lane.add(messages(1, 1));
  await vi.waitFor(() => expect(attempts).toBeGreaterThan(1));
  await lane.end();
  expect(lane.done()).toBeNull();
});
