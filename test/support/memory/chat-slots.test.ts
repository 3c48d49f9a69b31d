import { chatSlotsContract } from '../../contracts/chat-slots.ts';
import { memoryChatSlots } from './chat-slots.ts';
import { memoryCheckpoints } from './checkpoints.ts';

chatSlotsContract('memory', async () => {
  const checkpoints = memoryCheckpoints();
  return { checkpoints, open: memoryChatSlots(checkpoints).open, close: async () => undefined };
});
