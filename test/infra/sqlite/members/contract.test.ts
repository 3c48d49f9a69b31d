import { membersContract } from '../../../contracts/members.ts';
import { arrayLog } from '../../../support/array-log.ts';
import { testFolder } from '../../../support/folder.ts';
import { builtViews } from '../../../support/views.ts';

membersContract(async (events) => (await builtViews(arrayLog([...events]), testFolder())).members);
