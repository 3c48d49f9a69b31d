import { chatLogReader } from '../../../../infra/sqlite/chat-log/reader.ts';
import { chatLogContract } from '../../../contracts/chat-log.ts';
import { arrayLog } from '../../../support/array-log.ts';

chatLogContract(async (events) => chatLogReader(arrayLog([...events])));
