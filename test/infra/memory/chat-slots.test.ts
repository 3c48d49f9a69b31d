import { memoryChatSlots } from '../../../infra/memory/chat-slots.ts';
import { memoryCheckpoints } from '../../../infra/memory/checkpoints.ts';
import { chatSlotsContract } from '../../contracts/chat-slots.ts';

chatSlotsContract('memory', async () => {
  const checkpoints = memoryCheckpoints();
  return { checkpoints, open: memoryChatSlots(checkpoints).open, close: async () => undefined };
});
