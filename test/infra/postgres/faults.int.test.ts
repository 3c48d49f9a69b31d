import { beforeEach, expect, it } from 'vitest';
import type { RecordedEvent } from '../../../events/event-store.ts';
import { createCheckpoints } from '../../../infra/postgres/checkpoints.ts';
import type { Postgres } from '../../../infra/postgres/pool.ts';
import { createViewRows } from '../../../infra/postgres/views/rows.ts';
import type { Checkpoints } from '../../../projections/partitions/ports.ts';
import { eventsAfter, type Feeder, feeder } from '../../contracts/partition-rows/feeder.ts';
import { randomLog } from '../../support/random-log.ts';
import { seeded } from '../../support/seeded.ts';
import { createTcpProxy } from '../../support/tcp-proxy.ts';
import { createDatabase, type TestDatabase } from './database.ts';
import { builtViews, dumpViews, emptyViews } from './views.ts';

const SEED = 91;
const log = randomLog({ seed: SEED, events: 400 }).events;

let database: TestDatabase;
let watching: Postgres;
let checkpoints: Checkpoints;
beforeEach(async () => {
  database = await createDatabase();
  watching = database.open();
  checkpoints = createCheckpoints(watching);
  await checkpoints.prepare('user-chats', 1);
  return () => database.drop();
});

const claimed = async (rows: Postgres): Promise<Feeder> =>
  feeder(createViewRows(rows), await checkpoints.claim('user-chats', 0, 'tests'));
const position = async (): Promise<number> => (await checkpoints.list(['user-chats']))[0]?.position ?? -1;
const end = (pid: number | undefined) => watching.execute('SELECT pg_terminate_backend($1, 5000)', [pid]);

/** Where the checkpoint is when so many events of the log are taken in. */
const after = (events: number): number => log[events - 1]?.position ?? 0;

/** The tables hold so many events of the log, and the checkpoint says so. */
async function expectViewsOf(events: number): Promise<void> {
  expect(await position()).toBe(after(events));
  const held = await dumpViews(watching);
  const other = await createDatabase();
  try {
    const postgres = other.open();
    await builtViews(postgres, log.slice(0, events));
    expect(held).toEqual(await dumpViews(postgres));
  } finally {
    await other.drop();
  }
}

function signal(): { given: Promise<void>; give(): void } {
  let give: () => void = () => undefined;
  const given = new Promise<void>((resolve) => (give = resolve));
  return { given, give: () => give() };
}

/** Ends the connection of each transaction when its work is done and its commit is not yet sent. */
const endedBeforeCommits = (postgres: Postgres): Postgres => ({
  ...postgres,
  atomically: (statements) =>
    postgres.transaction(async (session) => {
      for (const { statement, values } of statements) await session.execute(statement, values);
      await end((await session.query<{ pid: number }>('SELECT pg_backend_pid() AS pid'))[0]?.pid);
    }),
});

it('holds nothing of a batch whose connection was ended between its rows and its commit', async () => {
  const one = await claimed(database.open());
  await one.feed(log.slice(0, 100));
  const broken = feeder(createViewRows(endedBeforeCommits(database.open())), one.claim);
  const step = { claim: one.claim, from: after(100), to: after(200) };
  await broken.take(log.slice(0, 200));
  await expect(broken.rows.commit(step)).rejects.toMatchObject({ code: 'unknown', temporary: true });
  await expectViewsOf(100);
  await one.feed(log.slice(100, 200));
  await expectViewsOf(200);
});

it('holds all of a batch whose commit was done and its answer lost: the checkpoint tells', async () => {
  const url = new URL(database.url);
  const proxy = await createTcpProxy({ host: url.hostname, port: Number(url.port) });
  try {
    url.host = `${proxy.host}:${proxy.port}`;
    const one = await claimed(database.open({ url: url.href, timeouts: { answerMs: 1_000 } }));
    await one.feed(log.slice(0, 100));
    await one.take(log.slice(100, 200));
    const unlisten = proxy.onBytes((way, bytes) => {
      if (way === 'up' && bytes.includes('COMMIT')) proxy.dropResponses();
    });
    await expect(one.commit(after(200))).rejects.toMatchObject({ code: 'unknown', temporary: true });
    await expectViewsOf(200);
    unlisten();
    proxy.heal();
    await expect(one.commit(after(200))).rejects.toMatchObject({ code: 'stale-owner' });
  } finally {
    await proxy.close();
  }
});

it('writes no row for a process that was paused in its transaction until another had taken over', async () => {
  const zombie = await claimed(database.open());
  await zombie.feed(log.slice(0, 100));
  const stalled = database.open({ timeouts: { idleInTransactionMs: 200 } });
  const [written, resumed] = [signal(), signal()];
  const paused: Postgres = {
    ...stalled,
    atomically: (statements) =>
      stalled.transaction(async (session) => {
        for (const { statement, values } of statements) await session.execute(statement, values);
        written.give();
        await resumed.given;
      }),
  };
  const late = feeder(createViewRows(paused), zombie.claim);
  await late.take(log.slice(0, 300));
  const committing = late.rows.commit({ claim: zombie.claim, from: after(100), to: after(300) });
  const refused = expect(committing).rejects.toMatchObject({ temporary: true });
  await written.given;
  const owner = await claimed(database.open()); // waits until the server has ended what stands still
  expect(owner.claim).toMatchObject({ position: after(100), term: zombie.claim.term + 1 });
  await owner.feed(log.slice(100, 150));
  resumed.give();
  await refused;
  await zombie.take(log.slice(100, 300));
  await expect(zombie.commit(after(300))).rejects.toMatchObject({ code: 'stale-owner', temporary: false });
  await expectViewsOf(150);
});

it(`comes to the same whenever connections are ended (seed ${SEED})`, async () => {
  const random = seeded(SEED);
  const rows = database.open({ applicationName: 'projector' });
  let ended = 0;
  const endOne = () =>
    watching
      .query<{ done: boolean }>(
        `SELECT pg_terminate_backend(pid) AS done FROM pg_stat_activity
          WHERE application_name = 'projector' AND datname = current_database() ORDER BY random() LIMIT 1`,
      )
      .then((terminated) => (ended += terminated.length));
  for (let at = 0, one: Feeder | null = null; at < after(log.length); ) {
    one ??= await claimed(rows);
    at = Math.max(at, one.claim.position);
    const batch: RecordedEvent[] = eventsAfter(log, at).slice(0, 1 + random.below(20));
    const chaos = random.chance(0.3) ? endOne() : null;
    try {
      await one.feed(batch);
      at = batch.at(-1)?.position ?? at;
    } catch (error) {
      expect(error).toMatchObject({ temporary: true });
      one = null; // as a projector does: a new claim says where to go on
    }
    await chaos;
  }
  expect(ended).toBeGreaterThan(3);
  await expectViewsOf(log.length);
});

it('takes tables that another process has emptied for what they are', async () => {
  const one = await claimed(database.open());
  await one.feed(log.slice(0, 100));
  await emptyViews(watching);
  await expect(one.feed(log.slice(100, 200))).rejects.toMatchObject({ code: 'stale-owner' });
});
