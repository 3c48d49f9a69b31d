import { expect, test } from 'vitest';
import type { Link, Placed } from '../../../events/backplane.ts';
import { chain, PARTITIONS, range, type Scene, until, watermark } from './under-test.ts';

export function writerContract(topic: () => Scene): void {
  test('links come as they were written: their chain, and their event to the last byte of its JSON', async () => {
    const [{ link }] = chain(0, 1, 1) as [Placed];
    const odd: Link = {
      source: 3,
      after: 5,
      position: Number.MAX_SAFE_INTEGER,
      event: {
        ...(link.event as NonNullable<Link['event']>),
        stream: 'receipts-dm.A.B.C',
        position: Number.MAX_SAFE_INTEGER,
        revision: 0,
        recordedAt: 0,
        data: '{ "text" : "ü \\u2028 \u{1f600} \\"data\\":{}", "n": 1.50e3, "n": 12345678901234567890 }',
        metadata: '{"v":1,\n "actor":"…", "nested":{"metadata":{}}}',
      },
    };
    const links = [link, odd, watermark(0, 9, 12).link, watermark(0, 12).link];
    await topic()
      .writer()
      .write(links.map((one) => ({ partition: 0, link: one })));
    const reader = topic().member('readers');
    await until(() => expect(reader.of(0)).toHaveLength(links.length));
    expect(reader.of(0)).toEqual(links);
  });

  test('calls are written in the order made, without waiting for each other', async () => {
    const writer = topic().writer();
    expect(writer.partitions).toBe(PARTITIONS);
    const calls = range(0, 30).flatMap((call) => [chain(0, call * 10 + 1, 10), chain(1, call * 10 + 1, 10)]);
    await Promise.all([...calls.map((links) => writer.write(links)), writer.write([])]);
    const reader = topic().member('readers');
    await until(() => expect(reader.all()).toHaveLength(600));
    expect(reader.positions(0)).toEqual(range(1, 300));
    expect(reader.positions(1)).toEqual(range(1, 300));
  });

  test('one call may have more than one request holds', async () => {
    await topic()
      .writer()
      .write([...chain(2, 1, 3_000, 1_000), ...chain(3, 1, 1)]);
    const reader = topic().member('readers');
    await until(() => expect(reader.all()).toHaveLength(3_001));
    expect(reader.positions(2)).toEqual(range(1, 3_000));
  });

  test('a partition that is not there is refused, and nothing of the call is written', async () => {
    const writer = topic().writer();
    await expect(writer.write([...chain(0, 1, 1), ...chain(PARTITIONS, 1, 1)])).rejects.toThrow('partition');
    await writer.write(chain(0, 2, 1));
    const reader = topic().member('readers');
    await until(() => expect(reader.positions(0)).toEqual([2]));
  });

  test('closing waits for what was begun; later calls are refused for good', async () => {
    const writer = topic().writer();
    const begun = writer.write(chain(0, 1, 5));
    await writer.close();
    await begun;
    await expect(writer.write(chain(0, 6, 1))).rejects.toMatchObject({ code: 'closed', temporary: false });
    await writer.close();
    const reader = topic().member('readers');
    await until(() => expect(reader.positions(0)).toEqual(range(1, 5)));
  });
}
