import { chatHistoryReader } from '../../../../infra/cassandra/chat-history/reader.ts';
import { messageLookup } from '../../../../infra/cassandra/message-lookup/lookup.ts';
import { FOLD_EVERY } from '../../../../queries/chat-history/view.ts';
import { manyChangesContract } from '../../../contracts/many-changes.ts';
import { seeded } from '../../../support/seeded.ts';
import { feedOnce } from '../feed.ts';
import { useKeyspace } from '../keyspace.ts';

const fed = feedOnce(useKeyspace(), seeded(4));

// Enough for changes and folds in more than one partition.
manyChangesContract(async (events) => {
  const cassandra = await fed(events);
  return {
    chatHistory: chatHistoryReader(cassandra),
    lookup: messageLookup(cassandra),
    close: () => undefined,
  };
}, 18 * FOLD_EVERY);
