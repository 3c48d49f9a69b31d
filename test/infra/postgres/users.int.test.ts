import { expect, it } from 'vitest';
import { plain } from '../../../events/content.ts';
import { userLookup } from '../../../infra/postgres/users/lookup.ts';
import { usersReader } from '../../../infra/postgres/users/reader.ts';
import { usersContract } from '../../contracts/users.ts';
import { recordedUser } from '../../support/array-log.ts';
import { fileDatabase } from './database.ts';
import { builtViews } from './views.ts';

const MARA = '01HZZZZZZZV000000000000001';
const NOBODY = '01HZZZZZZZV000000000000002';

const database = fileDatabase();

usersContract(async (events) => {
  const postgres = database.open();
  await builtViews(postgres, events);
  return usersReader(postgres);
});

it('tells which of many users exist', async () => {
  const postgres = database.open();
  const data = { username: 'mara', displayName: plain('Mara'), password: true };
  await builtViews(postgres, [
    recordedUser({ position: 1, revision: 0, actor: MARA }, { type: 'UserRegistered', data }),
  ]);
  expect(await userLookup(postgres).existing([MARA, NOBODY])).toEqual(new Set([MARA]));
});
