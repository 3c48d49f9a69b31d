import { chatLogReader } from '../../../queries/chat-log/log-reader.ts';
import { chatLogContract } from '../../contracts/chat-log.ts';
import { arrayLog } from '../../support/array-log.ts';

chatLogContract(async (events) => chatLogReader(arrayLog([...events])));
