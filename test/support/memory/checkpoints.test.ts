import { checkpointsContract } from '../../contracts/checkpoints.ts';
import { memoryCheckpoints } from './checkpoints.ts';

checkpointsContract('memory', async () => {
  const checkpoints = memoryCheckpoints();
  return [checkpoints, checkpoints];
});
