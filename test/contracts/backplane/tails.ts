import { expect, test } from 'vitest';
import { chain, range, type Scene, until, watermark } from './under-test.ts';

export function tailContract(topic: () => Scene): void {
  test('begins with what is written after following, and with nothing before', async () => {
    const writer = topic().writer();
    await writer.write([...chain(0, 1, 10), ...chain(1, 1, 10)]);
    const tail = topic().tail();
    await tail.follow([0, 1]);
    await writer.write([...chain(0, 11, 5), ...chain(1, 11, 5), ...chain(2, 1, 5)]);
    await until(() => expect(tail.all()).toHaveLength(10));
    expect(tail.positions(0)).toEqual(range(11, 5));
    expect(tail.positions(1)).toEqual(range(11, 5));
    expect(tail.of(0)).toEqual(chain(0, 11, 5).map(({ link }) => link));
  });

  test('what is followed before it runs begins there too', async () => {
    const writer = topic().writer();
    await writer.write(chain(0, 1, 5));
    const tail = topic().rawTail();
    await tail.follow([0]);
    await writer.write([...chain(0, 6, 5), watermark(0, 10)]);
    const taken: number[] = [];
    const run = tail.run((_, links) => taken.push(...links.map(({ position }) => position)));
    await until(() => expect(taken).toEqual([...range(6, 5), 10]));
    await tail.close();
    await run;
  });

  test('a new set replaces the old: what stays goes on without gap or repeat, what goes is silent', async () => {
    const writer = topic().writer();
    const tail = topic().tail();
    await tail.follow([0, 1]);
    const writing = (async () => {
      for (const first of range(0, 40))
        await writer.write([...chain(0, first * 5 + 1, 5), ...chain(2, first * 5 + 1, 5)]);
    })();
    await until(() => expect(tail.of(0).length).toBeGreaterThan(0));
    await tail.follow([0, 2]);
    await writing;
    await writer.write([...chain(1, 1, 5), ...chain(0, 201, 1), ...chain(2, 201, 1)]);
    await until(() => expect([tail.positions(0).at(-1), tail.positions(2).at(-1)]).toEqual([201, 201]));
    expect(tail.positions(0)).toEqual(range(1, 201));
    const [began = 0] = tail.positions(2);
    expect(tail.positions(2)).toEqual(range(began, 202 - began));
    expect(tail.of(1)).toEqual([]);
  });

  test('what is followed again begins anew', async () => {
    const writer = topic().writer();
    const tail = topic().tail();
    await tail.follow([0]);
    await writer.write(chain(0, 1, 5));
    await until(() => expect(tail.positions(0)).toEqual(range(1, 5)));
    await tail.follow([]);
    await writer.write(chain(0, 6, 5));
    await tail.follow([0]);
    await writer.write(chain(0, 11, 5));
    await until(() => expect(tail.positions(0).at(-1)).toBe(15));
    expect(tail.positions(0)).toEqual([...range(1, 5), ...range(11, 5)]);
  });

  test('every tail reads for itself', async () => {
    const [one, other] = [topic().tail(), topic().tail()];
    await Promise.all([one.follow([0]), other.follow([0, 3])]);
    await topic()
      .writer()
      .write([...chain(0, 1, 5), ...chain(3, 1, 5)]);
    await until(() => expect([one.all().length, other.all().length]).toEqual([5, 10]));
  });

  test('its run ends when it is closed, and when its reader throws', async () => {
    const writer = topic().writer();
    const tail = topic().tail();
    await tail.follow([0]);
    await tail.close();
    await tail.run;
    await writer.write(chain(0, 1, 5));
    expect(tail.all()).toEqual([]);
    const failing = topic().rawTail();
    await failing.follow([0]);
    const run = failing.run(() => {
      throw new TypeError('cannot go on');
    });
    run.catch(() => undefined); // looked at below
    await writer.write(chain(0, 6, 5));
    await expect(run).rejects.toThrow('cannot go on');
  });
}
