import { createChatSlots } from '../../../infra/postgres/chat-slots.ts';
import { createCheckpoints } from '../../../infra/postgres/checkpoints.ts';
import { createParking } from '../../../infra/postgres/parking.ts';
import { createSnapshots } from '../../../infra/postgres/snapshots.ts';
import { chatSlotsContract } from '../../contracts/chat-slots.ts';
import { parkingContract } from '../../contracts/parking.ts';
import { snapshotsContract } from '../../contracts/snapshots.ts';
import { createDatabase } from './database.ts';

snapshotsContract('Postgres', async () => {
  const { open, drop } = await createDatabase();
  return { one: createSnapshots(open()), other: createSnapshots(open()), close: drop };
});

parkingContract('Postgres', async () => {
  const { open, drop } = await createDatabase();
  const checkpoints = createCheckpoints(open());
  await checkpoints.prepare('user-chats', 2);
  await checkpoints.prepare('chat-history', 1);
  return { one: createParking(open()), other: createParking(open()), close: drop };
});

chatSlotsContract('Postgres', async () => {
  const { open, drop } = await createDatabase();
  const postgres = open();
  return { checkpoints: createCheckpoints(postgres), open: () => createChatSlots(postgres), close: drop };
});
