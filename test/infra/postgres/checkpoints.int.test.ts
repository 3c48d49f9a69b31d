import { expect, it } from 'vitest';
import { createCheckpoints, moveCheckpoint } from '../../../infra/postgres/checkpoints.ts';
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
