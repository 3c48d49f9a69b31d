import { expect, test } from 'vitest';
import { chain, PARTITIONS, type RunningMember, range, type Scene, until } from './under-test.ts';

const everywhere = (first: number, count: number) =>
  range(0, PARTITIONS).flatMap((partition) => chain(partition, first, count));

/** Every position of every partition has come to one of the members at least. */
function expectAllTaken(members: readonly RunningMember[], positions: readonly number[]): void {
  for (const partition of range(0, PARTITIONS)) {
    const taken = new Set(members.flatMap((member) => member.positions(partition)));
    expect([...taken].sort((a, b) => a - b)).toEqual(positions);
  }
}

export function sharingContract(topic: () => Scene): void {
  test('two members share the partitions; the first is told which it has lost', async () => {
    const writer = topic().writer();
    const first = topic().member('readers');
    await writer.write(everywhere(1, 5));
    await until(() => expectAllTaken([first], range(1, 5)));
    const second = topic().member('readers');
    await until(() => expect(first.lost.length).toBeGreaterThan(0));
    await writer.write(everywhere(6, 5));
    await until(() => {
      expectAllTaken([first, second], range(1, 10));
      expect(second.all().length).toBeGreaterThan(0);
    });
    expect(first.lost.length).toBeLessThan(PARTITIONS);
    const stayed = range(0, PARTITIONS).filter((partition) => !first.lost.includes(partition));
    for (const partition of stayed) expect(first.positions(partition)).toEqual(range(1, 10));
    for (const partition of first.lost) expect(second.positions(partition).slice(-5)).toEqual(range(6, 5));
  });

  test('a member that closes is taken over from, from where it came to', async () => {
    const writer = topic().writer();
    const first = topic().member('readers');
    await writer.write(everywhere(1, 5));
    await until(() => expectAllTaken([first], range(1, 5)));
    const second = topic().member('readers');
    await until(() => expect(first.lost.length).toBeGreaterThan(0));
    await first.close();
    await first.run;
    await writer.write(everywhere(6, 5));
    await until(() => expectAllTaken([first, second], range(1, 10)));
    for (const partition of range(0, PARTITIONS)) {
      expect(second.positions(partition).slice(-5)).toEqual(range(6, 5));
    }
  });

  test('what one member fails to take is taken by the one that takes over', async () => {
    const writer = topic().writer();
    let tried = false;
    const broken = topic().member('readers', {
      async take() {
        tried = true;
        throw new Error('cannot take anything');
      },
    });
    await writer.write(everywhere(1, 5));
    await until(() => expect(tried).toBe(true));
    const second = topic().member('readers');
    await until(() => expect(broken.lost.length).toBeGreaterThan(0));
    await broken.close();
    await until(() => expectAllTaken([second], range(1, 5)));
    expect(broken.all()).toEqual([]);
  });
}
