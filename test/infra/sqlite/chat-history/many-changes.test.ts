import { manyChangesContract } from '../../../contracts/many-changes.ts';
import { arrayLog } from '../../../support/array-log.ts';
import { testFolder } from '../../../support/folder.ts';
import { builtViews } from '../../../support/views.ts';

manyChangesContract(async (events) => builtViews(arrayLog([...events]), testFolder()));
