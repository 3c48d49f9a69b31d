import { expect, test } from 'vitest';
import { gate } from '../../support/raw-socket.ts';
import { chain, PARTITIONS, range, type Scene, until } from './under-test.ts';

export function groupContract(topic: () => Scene): void {
  test('a new group begins at the oldest link, then takes each as it comes', async () => {
    const writer = topic().writer();
    await writer.write(chain(0, 1, 10));
    const member = topic().member('readers');
    await until(() => expect(member.positions(0)).toEqual(range(1, 10)));
    await writer.write([...chain(0, 11, 5), ...chain(1, 1, 5)]);
    await until(() => expect(member.all()).toHaveLength(20));
    expect(member.positions(0)).toEqual(range(1, 15));
    expect(member.positions(1)).toEqual(range(1, 5));
    expect(member.lost).toEqual([]);
  });

  test('every group gets everything', async () => {
    await topic()
      .writer()
      .write(chain(0, 1, 10));
    const [one, other] = [topic().member('one'), topic().member('other')];
    await until(() => expect([one.positions(0), other.positions(0)]).toEqual([range(1, 10), range(1, 10)]));
  });

  test.each([Error, SyntaxError, TypeError, RangeError, ReferenceError])(
    'what a member could not take comes again, whatever it throws: %o',
    async (Thrown) => {
      const writer = topic().writer();
      await writer.write(chain(0, 1, 10));
      let failures = 0;
      const tried: number[] = [];
      const member = topic().member('readers', {
        async take(_, [first]) {
          tried.push(first?.position ?? 0);
          if (failures++ < 3) throw new Thrown('cannot take it now');
        },
      });
      await until(() => expect(member.positions(0)).toEqual(range(1, 10)));
      expect(tried.slice(0, 4)).toEqual([1, 1, 1, 1]);
      await writer.write(chain(0, 11, 5));
      await until(() => expect(member.positions(0)).toEqual(range(1, 15)));
    },
  );

  test('a partition that fails keeps no other waiting', async () => {
    const { opened, open } = gate<void>();
    let healed = false;
    const member = topic().member('readers', {
      async take(partition) {
        if (partition === 0 && !healed) throw new Error('cannot take it now');
        if (partition === 1) await opened;
      },
    });
    const writer = topic().writer();
    await writer.write([...chain(0, 1, 5), ...chain(1, 1, 5), ...chain(2, 1, 5)]);
    await until(() => expect(member.positions(2)).toEqual(range(1, 5)));
    await writer.write(chain(2, 6, 5));
    await until(() => expect(member.positions(2)).toEqual(range(1, 10)));
    expect([member.positions(0), member.positions(1)]).toEqual([[], []]);
    healed = true;
    open();
    await until(() => expect([member.positions(0), member.positions(1)]).toEqual([range(1, 5), range(1, 5)]));
  });

  test('one take at a time for each partition, several partitions at once', async () => {
    const { opened, open } = gate<void>();
    const inside = new Map<number, number>();
    const together: number[] = [];
    const member = topic().member('readers', {
      async take(partition) {
        inside.set(partition, (inside.get(partition) ?? 0) + 1);
        together.push(Math.max(...inside.values()));
        await opened;
        inside.set(partition, (inside.get(partition) ?? 0) - 1);
      },
    });
    const writer = topic().writer();
    for (let first = 1; first <= 50; first += 10) {
      await writer.write(range(0, PARTITIONS).flatMap((partition) => chain(partition, first, 10)));
    }
    await until(() => expect([...inside.values()]).toEqual(range(0, PARTITIONS).map(() => 1)));
    open();
    await until(() => expect(member.all()).toHaveLength(50 * PARTITIONS));
    for (const partition of range(0, PARTITIONS)) expect(member.positions(partition)).toEqual(range(1, 50));
    expect(Math.max(...together)).toBe(1);
  });

  test('closing waits for the take in flight; what was taken does not come again to the next member', async () => {
    const writer = topic().writer();
    const { opened, open } = gate<void>();
    let inside = false;
    const first = topic().member('readers', {
      async take() {
        inside = true;
        await opened;
      },
    });
    await writer.write(chain(0, 1, 10));
    await until(() => expect(inside).toBe(true));
    const closed = first.close();
    open();
    await Promise.all([closed, first.run]);
    const taken = first.positions(0);
    expect(taken.length).toBeGreaterThan(0);
    await writer.write(chain(0, 11, 10));
    const second = topic().member('readers');
    await until(() => expect([...taken, ...second.positions(0)]).toEqual(range(1, 20)));
  });

  test('closed before it ran, it does not run', async () => {
    const group = topic().rawGroup('readers');
    await group.close();
    await expect(group.run({ take: async () => undefined, lost: () => undefined })).resolves.toBeUndefined();
  });
}
