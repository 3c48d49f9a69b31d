import { CONTRACT_DEAD_AFTER_MS, CONTRACT_SLOTS, slotLeasesContract } from '../../contracts/slot-leases.ts';
import { createMemorySlotLeases } from './slot-leases.ts';

slotLeasesContract('memory', async () => {
  const leases = createMemorySlotLeases({ slots: CONTRACT_SLOTS, deadAfterMs: CONTRACT_DEAD_AFTER_MS });
  return { one: leases, other: leases, close: async () => undefined };
});
