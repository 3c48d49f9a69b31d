import { slotOf } from '../../../events/partition.ts';
import { createSignalsHub } from '../../../infra/memory/signals.ts';
import { CONTRACT_SIGNAL_SLOTS, signalsContract } from '../../contracts/signals.ts';

signalsContract('memory', async () => {
  const slots = CONTRACT_SIGNAL_SLOTS;
  const hub = createSignalsHub({ slots, slotOf: (userId) => slotOf(userId, slots) });
  return { gateway: async (owned) => hub.gateway((slot) => owned.includes(slot)), close: async () => undefined };
});
