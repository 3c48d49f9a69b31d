import { migrate } from '../../../infra/postgres/migrations/migrate.ts';
import { openPostgres } from '../../../infra/postgres/pool.ts';
import { createSlotLeases } from '../../../infra/postgres/slot-leases.ts';
import { CONTRACT_DEAD_AFTER_MS, CONTRACT_SLOTS, slotLeasesContract } from '../../contracts/slot-leases.ts';
import { freshDatabase } from '../../support/servers.ts';

slotLeasesContract('Postgres', async () => {
  const database = await freshDatabase();
  const options = { url: database.url, applicationName: 'slot-leases-test', max: 4 };
  await migrate(options);
  const doors = [openPostgres(options), openPostgres(options)] as const;
  const leases = { slots: CONTRACT_SLOTS, deadAfterMs: CONTRACT_DEAD_AFTER_MS };
  return {
    one: createSlotLeases(doors[0], leases),
    other: createSlotLeases(doors[1], leases),
    async close() {
      await Promise.all(doors.map((door) => door.close()));
      await database.drop();
    },
  };
});
