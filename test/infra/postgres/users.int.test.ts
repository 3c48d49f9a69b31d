import { usersReader } from '../../../infra/postgres/users/reader.ts';
import { usersContract } from '../../contracts/users.ts';
import { fileDatabase } from './database.ts';
import { builtViews } from './views.ts';

const database = fileDatabase();

usersContract(async (events) => {
  const postgres = database.open();
  await builtViews(postgres, events);
  return usersReader(postgres);
});
