import { memoryCheckpoints } from '../../../infra/memory/checkpoints.ts';
import { checkpointsContract } from '../../contracts/checkpoints.ts';

checkpointsContract('memory', async () => {
  const checkpoints = memoryCheckpoints();
  return [checkpoints, checkpoints];
});
