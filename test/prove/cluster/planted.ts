import { join } from 'node:path';
import { down, up } from '../../../bin/dev-servers/index.ts';
import type { RecordedEvent } from '../../../events/event-store.ts';
import { pagesOfLog } from '../../../events/pages.ts';
import { connectCassandra } from '../../../infra/cassandra/connect.ts';
import { migrate as migrateCassandra } from '../../../infra/cassandra/migrations/migrate.ts';
import { migrate as migratePostgres } from '../../../infra/postgres/migrations/migrate.ts';
import { openEventLog } from '../../../infra/sqlite/event-store/index.ts';
import { writeBigLog } from '../../bench/big-log.ts';
import { filledViews } from '../../support/filled-views.ts';
import { plantHistory, plantViews } from '../../support/plant-cluster.ts';
import { seeded } from '../../support/seeded.ts';
import { temporaryFolder } from '../../support/server-process.ts';
import { ensure, type Part, scaled } from '../part.ts';

const EVENTS = 20_000;
const EACH = 1_000;
/** So many that the users are enough to harm. */
const CHATS = 600;
const USERS_PER_CHAT = 20;
const SHOWN = 20;

export const clusterPlantedPart: Part = {
  name: 'cluster-planted',
  what: 'rows of a cluster’s views changed, removed and invented behind the projectors’ backs: all are found, and none besides',
  onlyNamed: true,
  async run({ share, seed, say }) {
    const folder = temporaryFolder();
    const quiet = (): void => undefined;
    try {
      const servers = await up({ folder, say: quiet });
      const env: Record<string, string> = Object.assign({}, ...servers.map((server) => server.env));
      const url = env['HINDSIGHT_POSTGRES_URL'] ?? '';
      await migratePostgres({ url, applicationName: 'prove' });
      const cassandra = await connectCassandra({
        contactPoints: [env['HINDSIGHT_CASSANDRA_CONTACT_POINTS'] ?? ''],
        localDataCenter: 'datacenter1',
        keyspace: 'planted',
      });
      await migrateCassandra(cassandra, { owner: 'prove' });
      const events = await bigLog(join(folder, 'log.db'), { seed, events: scaled(EVENTS, share) });
      const views = await filledViews(events, { url, cassandra });
      say(`${events.length} events are in the views`);
      const clean = await views.verify();
      ensure(clean.differencesFound === 0, `untouched: ${JSON.stringify(clean.differences.slice(0, SHOWN))}`);
      const [random, each] = [seeded(seed), scaled(EACH, share)];
      const history = await plantHistory(cassandra, { each, random });
      const others = await plantViews(views.postgres, { each, random });
      const planted = new Set([...history.keys(), ...others.keys()]);
      const found = await views.verify();
      const stranger = found.differences.filter(({ what }) => ![...planted].some((place) => what.startsWith(place)));
      ensure(stranger.length === 0, `never planted: ${JSON.stringify(stranger.slice(0, SHOWN))}`);
      ensure(found.differencesFound === planted.size, `${found.differencesFound} of ${planted.size} were found`);
      await views.close();
      await cassandra.close();
      return { events: events.length, rows: clean.rows, ...byTable(planted), found: found.differencesFound };
    } finally {
      await down({ folder, say: quiet });
    }
  },
};

async function bigLog(file: string, of: { seed: number; events: number }): Promise<RecordedEvent[]> {
  await writeBigLog({ file, chats: CHATS, usersPerChat: USERS_PER_CHAT, ...of });
  const log = await openEventLog({ file });
  const events: RecordedEvent[] = [];
  for await (const page of pagesOfLog(log, { until: await log.head() })) events.push(...page);
  await log.close();
  return events;
}

/** How many rows were harmed, by table. */
function byTable(planted: ReadonlySet<string>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const place of planted) {
    const table = place.slice(0, place.indexOf(' '));
    counts[table] = (counts[table] ?? 0) + 1;
  }
  return counts;
}
