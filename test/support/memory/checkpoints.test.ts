import { checkpointsContract } from '../../contracts/checkpoints.ts';
import { memoryCheckpoints } from './checkpoints.ts';
import { memoryParking } from './parking.ts';

checkpointsContract('memory', async () => {
  const parking = memoryParking();
  const checkpoints = memoryCheckpoints({ parking });
  return [checkpoints, checkpoints, parking];
});
