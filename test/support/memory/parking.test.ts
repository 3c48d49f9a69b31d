import { parkingContract } from '../../contracts/parking.ts';
import { memoryParking } from './parking.ts';

parkingContract('memory', async () => {
  const parking = memoryParking();
  return { one: parking, other: parking, close: async () => undefined };
});
