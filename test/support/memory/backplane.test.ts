import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { chain, PARTITIONS, range } from '../../contracts/backplane/under-test.ts';
import { backplaneContract } from '../../contracts/backplane.ts';
import { gate } from '../raw-socket.ts';
import { createMemoryTopic } from './backplane.ts';

backplaneContract('memory', async () => ({
  ...createMemoryTopic({ partitions: PARTITIONS }),
  close: async () => undefined,
}));

describe('faults of the topic in memory', () => {
  const made = () => {
    const topic = createMemoryTopic({ partitions: 2 });
    return { topic, writer: topic.writer(), there: () => topic.links(0).map(({ position }) => position) };
  };

  test.each([
    ['before', []],
    ['halfway', [1, 2]],
    ['after', [1, 2, 3, 4]],
  ] as const)('a write that fails %s', async (when, left) => {
    const { topic, writer, there } = made();
    topic.faults.failNext(when);
    topic.faults.pause();
    const failing = writer.write(chain(0, 1, 4));
    await nextTurn();
    const waiting = writer.write(chain(0, 5, 1));
    topic.faults.resume();
    waiting.catch(() => undefined); // looked at below
    await expect(failing).rejects.toMatchObject({ code: 'unavailable', temporary: true });
    await expect(waiting).rejects.toMatchObject({ temporary: true });
    expect(there()).toEqual(left);
    await writer.write(chain(0, 1, 4));
    expect(there()).toEqual([...left, 1, 2, 3, 4]);
  });

  test('links twice, links lost, links expired', async () => {
    const { topic, writer, there } = made();
    topic.faults.duplicateNext();
    await writer.write(chain(0, 1, 2));
    topic.faults.dropNext(2);
    await writer.write(chain(0, 3, 3));
    expect(there()).toEqual([1, 2, 1, 2, 5]);
    topic.faults.expire(2);
    expect(there()).toEqual([2, 5]);
  });

  test('a partition can be taken from a member in the middle of a take', async () => {
    const { topic, writer } = made();
    const { opened, open } = gate<void>();
    const [lost, taken]: [number[], number[][]] = [[], []];
    const member = topic.group('readers');
    const run = member.run({
      async take(_, links) {
        taken.push(links.map(({ position }) => position));
        await opened;
      },
      lost: (partitions) => lost.push(...partitions),
    });
    await writer.write(chain(0, 1, 2));
    await vi.waitFor(() => expect(taken).toEqual([[1, 2]]));
    topic.faults.rebalance('readers');
    expect(lost).toEqual([0, 1]);
    open();
    await vi.waitFor(() => expect(taken).toEqual([[1, 2], range(1, 2)]));
    await member.close();
    await run;
  });
});
