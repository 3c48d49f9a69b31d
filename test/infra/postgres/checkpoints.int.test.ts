import { expect, it } from 'vitest';
import { createCheckpoints, moveCheckpoint } from '../../../infra/postgres/checkpoints.ts';
import { createParking } from '../../../infra/postgres/parking.ts';
import { checkpointsContract } from '../../contracts/checkpoints.ts';
import { fileDatabase } from './database.ts';

const database = fileDatabase();

checkpointsContract('Postgres', async () => {
  const [one, other] = [database.open(), database.open()];
  await one.execute('DELETE FROM checkpoints');
  return [createCheckpoints(one), createCheckpoints(other)];
});

it('does not wait for the disk to move, and does to claim', async () => {
  const postgres = database.open();
  const checkpoints = createCheckpoints(postgres);
  await checkpoints.prepare('relay', 1);
  const claim = await checkpoints.claim('relay', 0, 'p');
  const setting = await postgres.transaction(async (session) => {
    await moveCheckpoint(session, { claim, from: 0, to: 1 });
    return session.query('SHOW synchronous_commit');
  });
  expect(setting).toEqual([{ synchronous_commit: 'off' }]);
  expect(await postgres.query('SHOW synchronous_commit')).toEqual([{ synchronous_commit: 'on' }]);
});

it('parks nothing under a term that is over', async () => {
  const postgres = database.open();
  const [checkpoints, parking] = [createCheckpoints(postgres), createParking(postgres)];
  await postgres.execute('DELETE FROM parked');
  await checkpoints.prepare('user-chats', 1);
  const { group, partition, term } = await checkpoints.claim('user-chats', 0, 'p');
  const event = { group, partition, key: 'a', stream: 'chat-a', revision: 0, position: 1, type: 'T', error: 'e' };
  await checkpoints.claim('user-chats', 0, 'q');
  await parking.park(event, term);
  expect(await parking.list()).toEqual([]);
});
