import { messageLookup } from '../../../../infra/cassandra/message-lookup/lookup.ts';
import { messageLookupContract } from '../../../contracts/message-lookup.ts';
import { seeded } from '../../../support/seeded.ts';
import { feedOnce } from '../feed.ts';
import { useKeyspace } from '../keyspace.ts';

const fed = feedOnce(useKeyspace(), seeded(3));

messageLookupContract(async (events) => {
  const cassandra = await fed(events);
  return messageLookup(cassandra);
});
