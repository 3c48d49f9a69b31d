import { memoryCheckpoints } from '../../../infra/memory/checkpoints.ts';
import { memoryParking } from '../../../infra/memory/parking.ts';
import { checkpointsContract } from '../../contracts/checkpoints.ts';

checkpointsContract('memory', async () => {
  const parking = memoryParking();
  const checkpoints = memoryCheckpoints({ parking });
  return [checkpoints, checkpoints, parking];
});
