import { chatHistoryContract } from '../../../contracts/chat-history.ts';
import { arrayLog } from '../../../support/array-log.ts';
import { testFolder } from '../../../support/folder.ts';
import { builtViews } from '../../../support/views.ts';

chatHistoryContract(async (events) => (await builtViews(arrayLog([...events]), testFolder())).chatHistory);
