import { userChatsReader } from '../../../infra/postgres/user-chats/reader.ts';
import { userChatsContract } from '../../contracts/user-chats.ts';
import { fileDatabase } from './database.ts';
import { builtViews } from './views.ts';

const database = fileDatabase();

userChatsContract(async (events) => {
  const postgres = database.open();
  await builtViews(postgres, events);
  return userChatsReader(postgres);
});
