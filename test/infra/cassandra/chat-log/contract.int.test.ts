import { chatLogReader } from '../../../../infra/cassandra/chat-log/reader.ts';
import { chatLogContract } from '../../../contracts/chat-log.ts';
import { EPOCH } from '../../../support/random-chat.ts';
import { seeded } from '../../../support/seeded.ts';
import { feedOnce } from '../feed.ts';
import { useKeyspace } from '../keyspace.ts';

const fed = feedOnce(useKeyspace(), seeded(2));

chatLogContract(async (events) => {
  const cassandra = await fed(events);
  return chatLogReader(cassandra, EPOCH);
});
