import { describe, expect, it } from 'vitest';
import type { Cassandra, Statement } from '../../../infra/cassandra/cassandra.ts';
import { pendingRows } from '../../../infra/cassandra/pending-rows.ts';

const row = (partition: string, n: number, text = ''): Statement => ({ query: 'INSERT', params: [partition, n, text] });

/** Takes what is written; fails from the n-th batch on. */
function recording(failFrom = Number.POSITIVE_INFINITY) {
  const batches: Statement[][] = [];
  let under = 0;
  let most = 0;
  const cassandra: Pick<Cassandra, 'write'> = {
    async write(rows) {
      batches.push([...rows]);
      const n = batches.length;
      under += 1;
      most = Math.max(most, under);
      await new Promise(setImmediate);
      under -= 1;
      if (n >= failFrom) throw new Error(`batch ${n}`);
    },
  };
  return { cassandra: cassandra as Cassandra, batches, under: () => under, most: () => most };
}

describe('rows to be written', () => {
  it('go out in batches of one partition each, 200 rows at most, all of them once', async () => {
    const pending = pendingRows();
    for (let n = 0; n < 900; n++) {
      const partition = n % 3 === 0 ? 'a' : 'b';
      pending.add('chat', partition, row(partition, n));
    }
    expect(pending.size).toBe(900);
    const { cassandra, batches } = recording();
    await pending.write(cassandra);
    for (const batch of batches) {
      expect(batch.length).toBeLessThanOrEqual(200);
      expect(new Set(batch.map(({ params }) => params[0])).size).toBe(1);
    }
    expect(
      batches
        .flat()
        .map(({ params }) => params[1])
        .toSorted((a, b) => Number(a) - Number(b)),
    ).toEqual(Array.from({ length: 900 }, (_, n) => n));
  });

  it('go out in smaller ones where they are long, and a very long one alone', async () => {
    const pending = pendingRows();
    for (let n = 0; n < 10; n++) pending.add('chat', 'a', row('a', n, 'x'.repeat(20_000)));
    pending.add('chat', 'a', row('a', 10, 'x'.repeat(500_000)));
    pending.add('chat', 'a', row('a', 11));
    const { cassandra, batches } = recording();
    await pending.write(cassandra);
    expect(batches.map((batch) => batch.length)).toEqual([3, 3, 3, 1, 1, 1]);
  });

  it('are on their way in bounded number, and none any more when the first failure is told', async () => {
    const pending = pendingRows();
    for (let n = 0; n < 1_000; n++) pending.add(`chat ${n}`, '', row(`partition ${n}`, n));
    const { cassandra, batches, under, most } = recording(200);
    await expect(pending.write(cassandra)).rejects.toThrow('batch 200');
    expect(under()).toBe(0);
    expect(most()).toBe(128);
    expect(batches.length).toBeLessThan(500);
  });

  it('of a chat are all there before its head goes out, which waits for no other chat', async () => {
    const pending = pendingRows();
    const chats = ['slow', 'quick'];
    for (const chat of chats) {
      pending.setHead(chat, row(chat, 0, 'head of before'));
      for (let n = 1; n <= 1_000; n++) pending.add(chat, n % 2, row(chat, n));
      pending.setHead(chat, row(chat, 1_001, 'head'));
    }
    const there: Statement[] = [];
    const heads: string[] = [];
    let go: () => void = () => undefined;
    const woken = new Promise<void>((resolve) => (go = resolve));
    const write = async (rows: readonly Statement[]) => {
      const [chat, n, kind] = rows[0]?.params ?? [];
      if (chat === 'slow' && n === 1) await woken;
      if (kind === 'head') {
        heads.push(String(chat));
        expect(there.filter(({ params }) => params[0] === chat)).toHaveLength(1_000);
        if (chat === 'quick') go();
      }
      await new Promise(setImmediate);
      there.push(...rows);
    };
    await pending.write({ write } as Partial<Cassandra> as Cassandra);
    expect(heads).toEqual(['quick', 'slow']);
    expect(there).toHaveLength(2_002);
  });

  it('that were not all written leave the head of their chat where it is', async () => {
    const pending = pendingRows();
    for (let n = 0; n < 400; n++) pending.add('chat', n % 2, row('chat', n));
    pending.setHead('chat', row('chat', 400, 'head'));
    const failing = recording(2);
    await expect(pending.write(failing.cassandra)).rejects.toThrow('batch 2');
    const heads = (batches: Statement[][]) => batches.flat().filter(({ params }) => params[2] === 'head');
    expect(heads(failing.batches)).toHaveLength(0);
    const again = recording();
    await pending.write(again.cassandra);
    expect(heads(again.batches)).toHaveLength(1);
    expect(again.batches.at(-1)).toEqual(heads(again.batches));
  });

  it('stay until they are cleared: a commit can be made again', async () => {
    const pending = pendingRows();
    pending.add('chat', 'a', row('a', 1));
    const { cassandra, batches } = recording();
    await pending.write(cassandra);
    await pending.write(cassandra);
    expect(batches).toHaveLength(2);
    pending.clear();
    await pending.write(cassandra);
    expect(batches).toHaveLength(2);
    expect(pending.size).toBe(0);
  });
});
