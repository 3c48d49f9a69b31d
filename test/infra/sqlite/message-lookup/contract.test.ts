import { messageLookupContract } from '../../../contracts/message-lookup.ts';
import { arrayLog } from '../../../support/array-log.ts';
import { testFolder } from '../../../support/folder.ts';
import { builtViews } from '../../../support/views.ts';

messageLookupContract(async (events) => (await builtViews(arrayLog([...events]), testFolder())).lookup);
