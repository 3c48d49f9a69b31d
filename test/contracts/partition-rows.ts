import { afterEach, describe, expect, it } from 'vitest';
import type { RecordedEvent } from '../../events/event-store.ts';
import { START } from '../../events/event-store.ts';
import { FOLD_EVERY } from '../../queries/chat-history/view.ts';
import { hotMessage } from '../support/hot-message.ts';
import { randomLog } from '../support/random-log.ts';
import { type Seeded, seeded } from '../support/seeded.ts';
import { eventsAfter, type Feeder, feeder, inBatches } from './partition-rows/feeder.ts';
import type { RowsUnderTest } from './partition-rows/under-test.ts';

export type { RowsUnderTest } from './partition-rows/under-test.ts';

const SEED = 46;
const PARTITION = 0;
const BATCH_MOST = 60;

/** What a database owes its projectors: rows that are right whoever wrote them, how often, and however it ended. */
export function partitionRowsContract(open: () => Promise<RowsUnderTest>): void {
  describe(`partition rows (seed ${SEED})`, () => {
    const log = randomLog({ seed: SEED, events: 500 }).events;
    const hot = hotMessage({ changes: 4 * FOLD_EVERY, seed: SEED }).events;
    const end = log.at(-1)?.position ?? START;
    const opened: { close(): Promise<void> }[] = [];
    afterEach(async () => {
      for (const each of opened.splice(0).toReversed()) await each.close();
    });

    const fresh = async (): Promise<RowsUnderTest> => {
      const tables = await open();
      opened.push(tables);
      await tables.checkpoints.prepare(tables.group, 1);
      return tables;
    };
    /** Another process takes over. */
    const owner = async (on: RowsUnderTest, name: string, crash = false): Promise<Feeder> => {
      const rows = crash ? await on.openToCrash() : await on.open();
      opened.push(rows);
      return feeder(rows, await on.checkpoints.claim(on.group, PARTITION, name));
    };
    const position = async (on: RowsUnderTest): Promise<number | undefined> =>
      (await on.checkpoints.list([on.group]))[PARTITION]?.position;
    const inOneGo = async (events: readonly RecordedEvent[]): Promise<Record<string, string[]>> => {
      const tables = await fresh();
      await (await owner(tables, 'alone')).feed(events);
      const dump = await tables.dump();
      expect(Object.values(dump).flat().length).toBeGreaterThan(0);
      return dump;
    };
    const feedAll = async (by: Feeder, events: readonly RecordedEvent[], random: Seeded) => {
      for (const batch of inBatches(events, random, BATCH_MOST)) await by.feed(batch);
    };

    it('holds the same whatever the size of the batches', async () => {
      for (const events of [log, hot]) {
        const tables = await fresh();
        await feedAll(await owner(tables, 'a'), events, seeded(SEED));
        expect(await tables.dump()).toEqual(await inOneGo(events));
        expect(await position(tables)).toBe(events.at(-1)?.position);
      }
    });

    it('moves the checkpoint where nothing was for the view, and confirms it where it stands', async () => {
      const tables = await fresh();
      const only = await owner(tables, 'a');
      await only.commit(7);
      await only.commit(7);
      await only.commit(9);
      expect(await position(tables)).toBe(9);
    });

    it('goes on in another process where one has ended between two batches', async () => {
      const tables = await fresh();
      const random = seeded(SEED + 1);
      for (const [n, batch] of inBatches(log, random, 150).entries()) {
        const next = await owner(tables, `owner ${n}`);
        await next.feed(batch);
        await next.close();
      }
      expect(await tables.dump()).toEqual(await inOneGo(log));
    });

    it('holds the same where a process ended between its rows and its checkpoint', async () => {
      const tables = await fresh();
      const half = log.slice(0, 250);
      const ending = await owner(tables, 'a', true);
      await expect(ending.feed(half)).rejects.toThrow();
      expect(await position(tables)).toBe(START);
      await feedAll(await owner(tables, 'b'), log, seeded(SEED + 2));
      expect(await tables.dump()).toEqual(await inOneGo(log));
    });

    it('takes what it holds already, before and among what is new', async () => {
      const tables = await fresh();
      const only = await owner(tables, 'a');
      await only.feed(log.slice(0, 300));
      await only.take(log.slice(100, 400));
      await only.commit(log[399]?.position ?? 0);
      const again = await owner(tables, 'b');
      await again.take(log);
      await again.commit(end);
      expect(await tables.dump()).toEqual(await inOneGo(log));
    });

    it('forgets what was not committed', async () => {
      const tables = await fresh();
      const only = await owner(tables, 'a');
      await only.feed(log.slice(0, 200));
      await only.take(log.slice(200, 350));
      only.reset();
      await only.take(log.slice(200, 260));
      only.reset();
      await feedAll(only, log.slice(200), seeded(SEED + 3));
      expect(await tables.dump()).toEqual(await inOneGo(log));
    });

    it('refuses whose claim is over, who has missed a step, and goes on with who has the claim', async () => {
      const tables = await fresh();
      const stale = await owner(tables, 'a');
      await stale.feed(log.slice(0, 100));
      const current = await owner(tables, 'b');
      await stale.take(log.slice(100, 180));
      await expect(stale.commit(log[179]?.position ?? 0)).rejects.toMatchObject({
        code: 'stale-owner',
        temporary: false,
      });
      await expect(
        current.rows.commit({ claim: current.claim, from: current.claim.position - 1, to: end }),
      ).rejects.toMatchObject({ code: 'stale-owner' });
      expect(await position(tables)).toBe(log[99]?.position);
      await feedAll(current, log.slice(100), seeded(SEED + 4));
      expect(await tables.dump()).toEqual(await inOneGo(log));
    });

    it('holds the same whatever processes write over one another, of which only the last has the claim', async () => {
      for (const [n, events] of [log, hot].entries()) {
        const tables = await fresh();
        await struggle(tables, { events, random: seeded(SEED + 5 + n), owner });
        expect(await tables.dump()).toEqual(await inOneGo(events));
      }
    });
  });
}

const TAKE_OVER = 0.15;

interface Struggle {
  events: readonly RecordedEvent[];
  random: Seeded;
  owner(on: RowsUnderTest, name: string): Promise<Feeder>;
}

/** Several processes, each of which believes that the partition is its own, and tries the same again when refused. */
async function struggle(on: RowsUnderTest, { events, random, owner }: Struggle): Promise<void> {
  const end = events.at(-1)?.position ?? START;
  const owners = [{ by: await owner(on, 'owner 0'), position: START }];
  for (let n = 1; owners.at(-1)?.position !== end; n++) {
    if (random.chance(TAKE_OVER)) {
      const by = await owner(on, `owner ${n}`);
      owners.push({ by, position: by.claim.position });
    }
    const one = random.pick(owners);
    const batch = eventsAfter(events, one.position).slice(0, 1 + random.below(BATCH_MOST));
    const last = batch.at(-1);
    if (!last) continue;
    await one.by.take(batch);
    try {
      await one.by.commit(last.position);
      one.position = last.position;
    } catch (error) {
      if (one === owners.at(-1)) throw error;
      expect(error).toMatchObject({ code: 'stale-owner' });
      one.by.reset();
    }
  }
}
