import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RecordedEvent } from '../../../events/event-store.ts';
import type { Cassandra } from '../../../infra/cassandra/cassandra.ts';
import { chatHistoryReader } from '../../../infra/cassandra/chat-history/reader.ts';
import { createHistoryRows } from '../../../infra/cassandra/chat-history/rows.ts';
import { connectCassandra, READ_DEADLINE_MS, WRITE_DEADLINE_MS } from '../../../infra/cassandra/connect.ts';
import { type Feeder, feeder, inBatches } from '../../contracts/partition-rows/feeder.ts';
import { randomLog } from '../../support/random-log.ts';
import { type Seeded, seeded } from '../../support/seeded.ts';
import { servers } from '../../support/servers.ts';
import { createTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import { feedLog } from './feed.ts';
import { connectOptions, type Space, useKeyspace } from './keyspace.ts';

const SEED = 71;
/** What is late by so much is late for anyone who asked. */
const SLACK_MS = 4_000;
/** A peer that is silent for longer than any request lasts. */
const SILENCE_MS = 15_000;
/** Of the pieces that go over a connection, so many end it. */
const CUT = 0.03;
const keyspace = useKeyspace();
const { events, chats } = randomLog({ seed: SEED, events: 300 });

describe(`a connection that fails (seed ${SEED})`, () => {
  let proxy: TcpProxy;
  let through: Cassandra;
  let truth: Awaited<ReturnType<Space['dump']>>;
  beforeAll(async () => {
    const { contactPoints, port } = servers().cassandra;
    proxy = await createTcpProxy({ host: contactPoints[0] ?? '', port });
    through = await connectCassandra(connectOptions(keyspace.name, proxy.port));
    const alone = keyspace.space();
    await feedLog(alone.cassandra, events, seeded(SEED));
    truth = await alone.dump();
  });
  afterEach(() => proxy.heal());
  afterAll(async () => {
    await through.close();
    await proxy.close();
  });

  const open = (space: Space): Feeder => {
    const rows = createHistoryRows({ cassandra: space.over(through), checkpoints: { move: async () => undefined } });
    return feeder(rows, { group: 'chat-history', partition: 0, term: 1, era: 0, position: 0 });
  };

  it('is cut again and again: the same rows', async () => {
    const space = keyspace.space();
    const random = seeded(SEED);
    let cuts = 0;
    const stop = proxy.onBytes(() => {
      if (!random.chance(CUT)) return;
      cuts += 1;
      proxy.reset();
    });
    await feedStubbornly(open(space), events, random).finally(stop);
    expect(cuts).toBeGreaterThan(2);
    expect(await space.dump()).toEqual(truth);
  });

  it.each(['both ways', 'answers only'] as const)(
    `is silent for ${SILENCE_MS / 1_000} s (%s): it is said in time, and tried again to the same rows`,
    async (which) => {
      const space = keyspace.space();
      const by = open(space);
      await by.feed(events.slice(0, 100));
      const began = performance.now();
      await by.take(events.slice(100, 200));
      if (which === 'both ways') proxy.blackHole();
      else proxy.dropResponses();
      const silent = waited(SILENCE_MS);
      await expect(by.commit(events[199]?.position ?? 0)).rejects.toMatchObject({ temporary: true });
      expect(performance.now() - began).toBeLessThan(WRITE_DEADLINE_MS + SLACK_MS);
      await silent;
      proxy.heal();
      by.reset();
      await feedStubbornly(by, events.slice(100), seeded(SEED));
      expect(await space.dump()).toEqual(truth);
    },
  );

  it('takes longer than requests last: what arrives after all that is the same', async () => {
    const space = keyspace.space();
    const by = open(space);
    await by.feed(events.slice(0, 100));
    await by.take(events.slice(100, 200));
    proxy.setLatency(WRITE_DEADLINE_MS / 2);
    await expect(by.commit(events[199]?.position ?? 0)).rejects.toMatchObject({ temporary: true });
    proxy.setLatency(0);
    by.reset();
    await feedStubbornly(by, events.slice(100), seeded(SEED));
    expect(await space.dump()).toEqual(truth);
  });

  it('lets a reader know in time, and serves it again afterwards', async () => {
    const space = keyspace.space();
    await feedLog(space.cassandra, events, seeded(SEED));
    const [chat] = chats;
    const reader = chatHistoryReader(space.over(through));
    const page = () => reader.page(chat?.chatId ?? '', { through: 1_000, limit: 20 });
    const before = await page();
    proxy.blackHole();
    const began = performance.now();
    await expect(page()).rejects.toMatchObject({ code: 'unavailable', temporary: true });
    expect(performance.now() - began).toBeLessThan(READ_DEADLINE_MS + SLACK_MS);
    proxy.heal();
    await expect.poll(() => page().catch(() => null), { timeout: 30_000 }).toEqual(before);
  });
});

/** As a projector does: what failed temporarily is forgotten, and comes again. */
async function feedStubbornly(by: Feeder, wanted: readonly RecordedEvent[], random: Seeded): Promise<void> {
  for (const batch of inBatches(wanted, random, 60)) {
    for (let done = false; !done; ) {
      try {
        await by.take(batch);
        await by.commit(batch.at(-1)?.position ?? 0);
        done = true;
      } catch (error) {
        expect(error).toMatchObject({ temporary: true });
        by.reset();
      }
    }
  }
}

const waited = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
