import { createCheckpoints } from '../../../infra/postgres/checkpoints.ts';
import type { Postgres } from '../../../infra/postgres/pool.ts';
import { createViewRows } from '../../../infra/postgres/views/rows.ts';
import { partitionRowsContract } from '../../contracts/partition-rows.ts';
import { fileDatabase } from './database.ts';
import { dumpViews, emptyViews } from './views.ts';

const database = fileDatabase();

partitionRowsContract(async () => {
  const postgres = database.open();
  await emptyViews(postgres);
  return {
    group: 'user-chats',
    checkpoints: createCheckpoints(postgres),
    open: async () => createViewRows(postgres),
    openToCrash: async () => createViewRows(endsBeforeItsCommit(postgres)),
    dump: () => dumpViews(postgres),
    close: () => postgres.close(),
  };
});

/** Everything of the first transaction, and then the process is gone. */
function endsBeforeItsCommit(postgres: Postgres): Postgres {
  let ended = false;
  return {
    ...postgres,
    atomically: (statements) =>
      postgres.transaction(async (session) => {
        for (const { statement, values } of statements) await session.execute(statement, values);
        if (ended) return;
        ended = true;
        throw new Error('the process ended');
      }),
  };
}
