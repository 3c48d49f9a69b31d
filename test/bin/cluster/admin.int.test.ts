import { createClusterAdmin } from '../../../bin/cluster/admin.ts';
import { openGenerations, type ViewGenerations } from '../../../bin/cluster/generations/open.ts';
import type { EventLog } from '../../../events/event-store.ts';
import { createHistoryRows } from '../../../infra/cassandra/chat-history/rows.ts';
import { connectCassandra } from '../../../infra/cassandra/connect.ts';
import { migrate as migrateCassandra } from '../../../infra/cassandra/migrations/migrate.ts';
import { createCheckpoints } from '../../../infra/postgres/checkpoints.ts';
import { createViewRows } from '../../../infra/postgres/views/rows.ts';
import { groupName } from '../../../projections/partitions/ports.ts';
import { feeder, inBatches } from '../../contracts/partition-rows/feeder.ts';
import { projectionAdminContract } from '../../contracts/projection-admin.ts';
import { connectOptions } from '../../infra/cassandra/keyspace.ts';
import { createDatabase } from '../../infra/postgres/database.ts';
import { arrayLog } from '../../support/array-log.ts';
import { filledViews } from '../../support/filled-views.ts';
import { randomLog } from '../../support/random-log.ts';
import { seeded } from '../../support/seeded.ts';
import { freshKeyspace } from '../../support/servers.ts';

const { events, chats } = randomLog({ seed: 83, events: 500 });
const LOOK_EVERY_MS = 100;
const BATCH_EVENTS = 100;
const OWNER = 'tests';

projectionAdminContract('cluster', async () => {
  const [database, { keyspace, drop }] = await Promise.all([createDatabase(), freshKeyspace()]);
  const cassandra = await connectCassandra(connectOptions(keyspace));
  await migrateCassandra(cassandra, { owner: OWNER });
  const live = await filledViews(events, { url: database.url, cassandra });
  const { postgres } = live;
  const log = arrayLog([...events]);
  const checkpoints = createCheckpoints(postgres);
  const gate = createGate();
  const views = openGenerations({
    log: gate.held(log),
    postgres,
    postgresOptions: { url: database.url, applicationName: OWNER },
    cassandra,
    checkpoints,
    partitions: 1,
    owner: OWNER,
    record: async () => undefined,
    onFault: (what, error) => {
      throw new Error(what, { cause: error });
    },
  });
  const filling = fill(views, { checkpoints, open: gate.isOpen });
  return {
    admin: createClusterAdmin({ ...views, log, checkpoints, clock: Date.now }),
    chatId: chats[0]?.chatId ?? '',
    hold: gate.hold,
    async close() {
      await filling.stop();
      await views.close();
      await live.close();
      await cassandra.close();
      await Promise.all([database.drop(), drop()]);
    },
  };
});

/** While it is held, nobody reads the log through it. */
function createGate() {
  let opened = Promise.resolve();
  let open: () => void = () => undefined;
  let isHeld = false;
  return {
    isOpen: () => !isHeld,
    hold(held: boolean): void {
      if (held === isHeld) return;
      isHeld = held;
      if (!held) return open();
      opened = new Promise((resolve) => {
        open = resolve;
      });
    },
    held: (log: EventLog): EventLog => ({
      ...log,
      head: log.head,
      async readAll(options) {
        await opened;
        return log.readAll(options);
      },
    }),
  };
}

/** In the place of projectors: fills what is being built, all of it at once. */
function fill(
  { generations, stores }: ViewGenerations,
  { checkpoints, open }: { checkpoints: ReturnType<typeof createCheckpoints>; open: () => boolean },
) {
  let stopped = false;
  const filled = new Set<string>();
  async function look(): Promise<void> {
    const building = (await generations.list()).filter(({ state, ready }) => state === 'building' && ready);
    for (const { group, generation } of building) {
      const name = groupName(group, generation);
      if (filled.has(name) || !open()) continue;
      filled.add(name);
      const rows =
        group === 'user-chats'
          ? createViewRows(stores.postgres(generation))
          : createHistoryRows({ cassandra: stores.cassandra(generation), checkpoints });
      const { feed } = feeder(rows, await checkpoints.claim(name, 0, OWNER));
      for (const batch of inBatches(events, seeded(1), BATCH_EVENTS)) await feed(batch);
    }
  }
  async function run(): Promise<void> {
    while (!stopped) {
      await look();
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }
  const ran = run();
  return {
    stop() {
      stopped = true;
      return ran;
    },
  };
}
