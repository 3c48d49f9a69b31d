import { userChatsContract } from '../../../contracts/user-chats.ts';
import { arrayLog } from '../../../support/array-log.ts';
import { testFolder } from '../../../support/folder.ts';
import { builtViews } from '../../../support/views.ts';

userChatsContract(async (events) => (await builtViews(arrayLog([...events]), testFolder())).userChats);
