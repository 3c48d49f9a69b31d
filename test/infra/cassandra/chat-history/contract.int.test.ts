import { chatHistoryReader } from '../../../../infra/cassandra/chat-history/reader.ts';
import { chatHistoryContract } from '../../../contracts/chat-history.ts';
import { seeded } from '../../../support/seeded.ts';
import { feedOnce } from '../feed.ts';
import { useKeyspace } from '../keyspace.ts';

const fed = feedOnce(useKeyspace(), seeded(1));

chatHistoryContract(async (events) => {
  const cassandra = await fed(events);
  return chatHistoryReader(cassandra);
});
