import { memoryParking } from '../../../infra/memory/parking.ts';
import { parkingContract } from '../../contracts/parking.ts';

parkingContract('memory', async () => {
  const parking = memoryParking();
  return { one: parking, other: parking, close: async () => undefined };
});
