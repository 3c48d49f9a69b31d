import { usersContract } from '../../../contracts/users.ts';
import { arrayLog } from '../../../support/array-log.ts';
import { testFolder } from '../../../support/folder.ts';
import { builtViews } from '../../../support/views.ts';

usersContract(async (events) => (await builtViews(arrayLog([...events]), testFolder())).users);
