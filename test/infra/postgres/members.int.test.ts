import { membersReader } from '../../../infra/postgres/members/reader.ts';
import { membersContract } from '../../contracts/members.ts';
import { fileDatabase } from './database.ts';
import { builtViews } from './views.ts';

const database = fileDatabase();

membersContract(async (events) => {
  const postgres = database.open();
  await builtViews(postgres, events);
  return membersReader(postgres);
});
