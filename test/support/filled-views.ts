import { expect } from 'vitest';
import { repairWork } from '../../bin/cluster/generations/repair.ts';
import { openStores } from '../../bin/cluster/generations/stores.ts';
import { verifyViews } from '../../bin/cluster/verify/verify.ts';
import type { RecordedEvent } from '../../events/event-store.ts';
import type { Cassandra } from '../../infra/cassandra/cassandra.ts';
import { createHistoryRows } from '../../infra/cassandra/chat-history/rows.ts';
import { createCheckpoints } from '../../infra/postgres/checkpoints.ts';
import { createGenerations } from '../../infra/postgres/generations/generations.ts';
import { createParking } from '../../infra/postgres/parking.ts';
import { openPostgres, type Postgres } from '../../infra/postgres/pool.ts';
import { createViewRows } from '../../infra/postgres/views/rows.ts';
import type { Driven } from '../../projections/generations/driver.ts';
import type { ComparedSoFar, Comparison } from '../../projections/generations/ports.ts';
import { VIEWS } from '../../projections/index.ts';
import { feeder, inBatches } from '../contracts/partition-rows/feeder.ts';
import { arrayLog } from './array-log.ts';
import { seeded } from './seeded.ts';

const BATCH_EVENTS = 400;
const FIRST = { 'chat-history': 1, 'user-chats': 1 };

/** The views of a log in real stores, of one partition, without any process that feeds them. */
export interface FilledViews {
  readonly postgres: Postgres;
  readonly cassandra: Cassandra;
  /** `told`: each time that it might be killed. */
  verify(asked?: {
    views?: readonly string[];
    sample?: number;
    before?: ComparedSoFar | null;
    told?: (compared: ComparedSoFar) => void;
  }): Promise<Comparison>;
  repair(chatId: string): Promise<void>;
  /** More of the log, taken in as a projector would that knows nothing of repairs. */
  feed(events: readonly RecordedEvent[]): Promise<void>;
  close(): Promise<void>;
}

export async function filledViews(
  events: readonly RecordedEvent[],
  { url, cassandra }: { url: string; cassandra: Cassandra },
): Promise<FilledViews> {
  const postgresOptions = { url, applicationName: 'tests' };
  const postgres = openPostgres(postgresOptions);
  const checkpoints = createCheckpoints(postgres);
  const stores = openStores({ postgres, postgresOptions, cassandra });
  const log = arrayLog([]);
  const parking = createParking(postgres);
  const deps = { log, stores, checkpoints, parking, partitions: 1 };
  const repaired = repairWork({
    ...deps,
    generations: createGenerations(postgres),
    owner: 'repair',
    onFault: (what, error) => expect.unreachable(`${what}: ${String(error)}`),
  });
  for (const group of ['chat-history', 'user-chats'] as const) await checkpoints.prepare(group, 1);
  const filled: FilledViews = {
    postgres,
    cassandra,
    verify: ({ views = VIEWS, sample = 1, before = null, told } = {}) =>
      verifyViews(
        deps,
        {
          generations: FIRST,
          views,
          sample,
          signal: new AbortController().signal,
          before,
          tell: ({ compared }) => compared && told?.(compared),
        },
        { tellEveryMs: 0 },
      ),
    async repair(chatId) {
      await repaired({ job: { name: chatId }, tell: () => undefined } as unknown as Driven);
    },
    async feed(more) {
      log.events.push(...more);
      const history = feeder(
        createHistoryRows({ cassandra, checkpoints }),
        await checkpoints.claim('chat-history', 0, 'tests'),
      );
      const views = feeder(createViewRows(postgres), await checkpoints.claim('user-chats', 0, 'tests'));
      for (const batch of inBatches(more, seeded(1), BATCH_EVENTS)) {
        await Promise.all([history.feed(batch), views.feed(batch)]);
      }
    },
    async close() {
      await stores.close();
      await postgres.close();
    },
  };
  await filled.feed(events);
  return filled;
}
