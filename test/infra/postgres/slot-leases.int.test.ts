import { createSlotLeases } from '../../../infra/postgres/slot-leases.ts';
import { CONTRACT_DEAD_AFTER_MS, CONTRACT_SLOTS, slotLeasesContract } from '../../contracts/slot-leases.ts';
import { createDatabase } from './database.ts';

slotLeasesContract('Postgres', async () => {
  const database = await createDatabase();
  const leases = { slots: CONTRACT_SLOTS, deadAfterMs: CONTRACT_DEAD_AFTER_MS };
  return {
    one: createSlotLeases(database.open(), leases),
    other: createSlotLeases(database.open(), leases),
    close: database.drop,
  };
});
